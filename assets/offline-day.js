/**
 * The list of a new day while the server cannot be reached. The stored copy of /today shows the day on which it was stored; the
 * service worker has put the person's habits into it, and from these this script draws the list of the day that has begun since.
 */

import { addDays, checkCompletionWindow, readCompletionWindow } from "./completion-window.js";
import { divideHabits } from "./day-sections.js";
import { listDueHabits } from "./due-habits.js";
import { drawPastDay, formatDay } from "./past-days.js";
import { listPending } from "./queue.js";

/** How many days before the listed one a row shows. */
const PAST_DAYS = 6;
const listPastDays = (today) => Array.from({ length: PAST_DAYS }, (_, index) => addDays(today, index - PAST_DAYS));

function createElement(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children);
  return element;
}

const createHidden = (name, value) => createElement("input", { type: "hidden", name, value });

/** Whether a day may be changed, and true if the browser does not know the time zone. */
function isOpen(dateKey) {
  const { zone, backfill } = document.body.dataset;
  try {
    return checkCompletionWindow(dateKey, new Date(), zone, backfill) === "open";
  } catch {
    return true;
  }
}

/** A day before the listed one. */
function createPastDay({ id, weekdays, goal, recentDays = {} }, dateKey, storedDay) {
  const isKnown = dateKey <= storedDay;
  const state = isKnown ? recentDays[dateKey] : listDueHabits([{ weekdays }], dateKey).length > 0 && "unknown";
  if (!state) return createElement("span", { class: "past-day" });
  const control = isOpen(dateKey)
    ? goal
      ? createElement("a", { class: "past-day", href: `/habits/${id}?day=${dateKey}#entries` })
      : createElement("button", { class: "past-day", type: "submit", name: "change", value: `${id}:${dateKey}:${state !== "done"}` })
    : createElement("button", { class: "past-day is-closed", type: "button", popovertarget: "closed-days" });
  drawPastDay(control, dateKey, state);
  return control;
}

/** The streak as of the listed day: that of the day on which the habits were stored, and the days since, of which only queued
 *  completions are known. */
function countStreak({ id, weekdays, streak = 0, recentDays = {} }, today, storedDay, pending) {
  const queued = pending.filter(({ habitId, completed }) => habitId === id && completed !== undefined);
  if (queued.some(({ dateKey }) => dateKey < storedDay)) return 0;
  const isDue = (dateKey) => listDueHabits([{ weekdays }], dateKey).length > 0;
  const wasDone = recentDays[storedDay] === "done";
  let length = wasDone && isDue(storedDay) ? streak - 1 : streak;
  for (let dateKey = storedDay; dateKey < today; dateKey = addDays(dateKey, 1)) {
    if (!isDue(dateKey)) continue;
    const change = queued.find((completion) => completion.dateKey === dateKey);
    const isDone = change ? change.completed : dateKey === storedDay && wasDone;
    length = isDone ? length + 1 : 0;
  }
  return length;
}

/** Draws the streaks as `list` in src/web/today/view.rs does. */
async function drawStreaks(day, due, today, storedDay) {
  const pending = await listPending();
  const places = day.querySelectorAll(".completion-status");
  due.forEach((habit, index) => {
    const length = countStreak(habit, today, storedDay, pending);
    if (length < 2 || habit.goal?.kind === "atMost") return;
    places[index].prepend(createElement("span", { class: "completion-streak", "data-days": length }, `${length}-day streak`));
  });
}

/** The button of a row that is done or not. */
function createCompletionButton({ id, title, emoji }, titleId, today) {
  const mark = emoji ? [createElement("span", { class: "habit-mark", "aria-hidden": "true" }, emoji)] : [];
  return createElement("button", {
    class: "completion", type: "submit", name: "change", value: `${id}:${today}:true`, role: "checkbox", "aria-checked": "false",
  },
  createElement("span", { class: "box", "aria-hidden": "true" }),
  ...mark,
  createElement("span", { class: "completion-title", id: titleId, dir: "auto" }, title),
  createElement("span", { class: "completion-status" }));
}

/** "8 glasses", or "8" for a habit without a unit. */
const withUnit = (amount, unit) => (unit ? `${amount} ${unit}` : `${amount}`);

/** The button of a row whose amounts count, as `amount_button` in src/web/today/amount_row.rs. What other days of a week or month
 *  have is unknown, so their sum isn't shown. */
function createAmountButton({ id, title, emoji, goal, unit, step = 1 }, titleId, today) {
  const mark = emoji ? [createElement("span", { class: "habit-mark", "aria-hidden": "true" }, emoji)] : [];
  const isLimit = goal.kind === "atMost";
  const isQuit = isLimit && goal.target === 0;
  const suffix = isQuit ? " today" : ` of ${withUnit(goal.target, unit)}`;
  const sum = goal.per === "day"
    ? [createElement("span", { class: "amount-sum", "data-sum": 0, "data-target": 1000 * goal.target, "data-suffix": suffix },
      isQuit ? "none so far" : `0${suffix}`)]
    : [];
  return createElement("button", {
    class: "completion amount", type: "submit", name: "add", value: `${id}:${today}:${step}`, "data-done": "false",
    ...(isLimit && { "data-limit": "", "data-undecided": "" }),
  },
  createElement("span", { class: "box", "aria-hidden": "true" }),
  ...mark,
  createElement("span", { class: "completion-text" },
    createElement("span", { class: "completion-title", id: titleId, dir: "auto" }, title),
    createElement("span", { class: "unseen" }, `add ${step},`),
    ...sum),
  createElement("span", { class: "completion-status" }),
  createElement("progress", { class: "amount-bar", "aria-hidden": "true", max: 100, value: 0 }));
}

/** A row like those of `list` in src/web/today/view.rs. A test compares the two. */
function createRow(habit, index, today, storedDay) {
  const { id, title, color } = habit;
  const titleId = `title-${index}`;
  const past = listPastDays(today).map((dateKey) => createPastDay(habit, dateKey, storedDay));
  return createElement("li", { class: "completion-row", ...(color && { "data-color": color }) },
    habit.goal ? createAmountButton(habit, titleId, today) : createCompletionButton(habit, titleId, today),
    createElement("div", { class: "past", role: "group", "aria-labelledby": titleId }, ...past),
    createElement("a", { class: "detail", href: `/habits/${id}`, "aria-label": `Details of ${title}` }));
}

/** How many habits the count of the day includes. A limit isn't counted on a day that isn't over. */
const countDue = (due) => due.filter(({ goal }) => goal?.kind !== "atMost").length;

/** A section like those of `day_section` in src/web/today/sections.rs. */
function createSection({ name, due }, rows) {
  const list = createElement("ul", {}, ...rows);
  if (!name) return list;
  const total = countDue(due);
  const [count, label] = total > 0 ? [`0/${total}`, `0 of ${total} done`] : ["–", "Nothing due"];
  return createElement("section", { class: "day-section", "data-section": name },
    createElement("details", { open: "" },
      createElement("summary", { class: "section-summary" },
        createElement("h2", { dir: "auto" }, name),
        createElement("span", { class: "section-count", "aria-hidden": "true", "data-section-count": "" }, count),
        createElement("span", { class: "unseen", "data-section-label": "" }, label)),
      list));
}

function createList(due, sections, today, storedDay) {
  const names = listPastDays(today).map((dateKey) => createElement("span", {}, formatDay(dateKey).split(",")[0]));
  return createElement("div", { class: "week" },
    createElement("div", { class: "past-names", "aria-hidden": "true" }, ...names),
    createElement("form", { class: "completions", method: "post", action: "/today" },
      createHidden("from", "/today"),
      createHidden("today", today),
      ...sections.map((section) =>
        createSection(section, section.due.map((habit) => createRow(habit, due.indexOf(habit), today, storedDay))))));
}

function createEmptyDay() {
  return createElement("div", { class: "empty" },
    createElement("h2", {}, "Nothing scheduled today"), createElement("p", {}, "Enjoy the day off."));
}

/** Takes back that everything is done. */
function resetAllDone(day) {
  day.classList.remove("is-complete");
  const message = day.querySelector(".all-done [data-complete]");
  message.hidden = true;
  message.textContent = "";
}

/** Draws the date and the progress of the new day into the header. */
function drawHead(head, today, total) {
  const style = { weekday: "long", month: "long", day: "numeric", year: "numeric", timeZone: "UTC" };
  const time = head.querySelector("time");
  time.dateTime = today;
  time.querySelector(".full").textContent = new Date(today).toLocaleDateString("en-US", style);
  time.querySelector(".short").textContent = formatDay(today);
  for (const part of head.querySelectorAll("[data-count], .progress-bar")) part.remove();
  if (total === 0) return;
  head.querySelector(".day-turn").before(createElement("p", { class: "day-count", "data-count": "" }, `0 of ${total} done`));
  head.append(createElement("div", { class: "progress-bar" },
    createElement("label", { class: "unseen", for: "day-progress" }, "Progress"),
    createElement("progress", { id: "day-progress", max: total, value: 0 }, `0/${total}`)));
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
  const [today, storedDay] = [readToday(), day.dataset.day];
  if (!stored || today <= storedDay) return false;
  const habits = JSON.parse(stored.textContent);
  const due = listDueHabits(habits, today);
  const sections = divideHabits(due, habits, day.dataset.sections);
  const [head, allDone, closedNote] = [".day-head", ".all-done", ".closed-note"].map((part) => day.querySelector(part));
  day.dataset.day = today;
  resetAllDone(day);
  drawHead(head, today, countDue(due));
  const content = due.length === 0 ? createEmptyDay() : createList(due, sections, today, storedDay);
  day.replaceChildren(head, content, allDone, closedNote);
  drawStreaks(day, sections.flatMap((section) => section.due), today, storedDay);
  return true;
}
