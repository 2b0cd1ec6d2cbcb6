/**
 * The list of a new day while the server cannot be reached. The stored copy of /today shows the day on which it was stored; the
 * service worker has put the person's habits into it, and from these this script draws the list of the day that has begun since.
 */

import { readCompletionWindow } from "./completion-window.js";
import { listDueHabits } from "./due-habits.js";

function createElement(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

const createHidden = (name, value) => createElement("input", { type: "hidden", name, value });

/** A row like those of `list` in src/web/today/view.rs. A test compares the two. */
function createRow({ id, title, description }, dateKey) {
  const text = createElement("span", { class: "completion-text" }, createElement("span", { class: "completion-title" }, title));
  if (description) text.append(createElement("span", { class: "completion-about" }, description));
  const box = createElement("span", { class: "box", "aria-hidden": "true" });
  const status = createElement("span", { class: "completion-status" });
  return createElement("li", { class: "completion-row" },
    createElement("form", { method: "post", action: "/today", "data-completion": "" },
      createHidden("habitId", id),
      createHidden("date", dateKey),
      createHidden("completed", "true"),
      createHidden("from", "/today"),
      createHidden("today", dateKey),
      createElement("button", { class: "completion", type: "submit", role: "checkbox", "aria-checked": "false" }, box, text, status),
      createElement("p", { class: "fault", id: `fault-${id}`, hidden: "" })));
}

function createProgress(total) {
  const label = createElement("label", { class: "unseen", for: "day-progress" }, "Progress");
  const progress = createElement("progress", { id: "day-progress", max: total, value: 0 }, `0/${total}`);
  return createElement("div", { class: "strip" },
    createElement("p", { class: "strip-count", "data-count": "" }, `0 of ${total} done`),
    createElement("div", { class: "strip-bar" }, label, progress),
    createElement("p", { class: "strip-complete", "data-complete": "All done for today", hidden: "" }));
}

function createEmptyDay() {
  return createElement("div", { class: "empty" },
    createElement("h2", {}, "Nothing scheduled today"), createElement("p", {}, "Enjoy the day off."));
}

/** The day that it is for the person, or "" if the browser does not know the time zone. */
function readToday() {
  try {
    return readCompletionWindow(new Date(), document.body.dataset.zone).today;
  } catch {
    return "";
  }
}

/** Draws the new day into the stored list `day` if one has begun and the habits are known. Returns whether it did. */
export function drawNewDay(day) {
  const stored = document.getElementById("stored-habits");
  const today = readToday();
  if (!stored || today <= day.dataset.day) return false;
  const due = listDueHabits(JSON.parse(stored.textContent), today);
  const time = day.querySelector(".day-head time");
  const style = { weekday: "long", month: "long", day: "numeric", year: "numeric", timeZone: "UTC" };
  day.dataset.day = today;
  day.classList.remove("is-complete");
  time.dateTime = today;
  time.textContent = new Date(today).toLocaleDateString("en-US", style);
  day.replaceChildren(day.querySelector(".day-head"));
  if (due.length === 0) day.append(createEmptyDay());
  else day.append(createProgress(due.length), createElement("ul", { class: "completions" }, ...due.map((habit) => createRow(habit, today))));
  return true;
}
