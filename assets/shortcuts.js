/** Single-key shortcuts. They can be turned off in the account settings (WCAG 2.1.4). */

import { announce, undo } from "./announce.js";
import { moveTo } from "./navigation.js";

/** How long the key after `g` is awaited. */
const SEQUENCE_TIMEOUT_MS = 2000;

const PAGES = { t: "/today", c: "/calendar", h: "/habits", i: "/insights", a: "/habits/archive" };
const HELP = [
  ["j", "Next habit"],
  ["k", "Previous habit"],
  ["← →", "Days before, and the habit's page"],
  ["x", "Mark as done or not done"],
  ["u", "Undo the last change"],
  ["n", "New habit"],
  ["e", "Edit the selected habit"],
  ["a", "Archive the selected habit"],
  ["r", "Restore the selected habit"],
  ["d", "Delete the selected habit"],
  ["Alt ↑", "Move the selected habit up"],
  ["Alt ↓", "Move the selected habit down"],
  ["/", "Filter habits, then ↓ to the results, Esc to clear"],
  ["g t", "Go to Today"],
  ["g c", "Go to Calendar"],
  ["g h", "Go to Habits"],
  ["g i", "Go to Insights"],
  ["g a", "Go to the archive"],
  ["?", "Show keyboard shortcuts"],
];

/** What `j` and `k` focus: the checkboxes of a day, or the links in the list of habits, as far as they are shown. */
const findStops = () =>
  [...document.querySelectorAll(".completion, .habit-list .habit-title")].filter((stop) =>
    !stop.closest("[inert]") && stop.checkVisibility());

function moveFocus(step) {
  const stops = findStops();
  const index = stops.indexOf(document.activeElement);
  const target = index < 0 ? stops.at(step > 0 ? 0 : -1) : stops[index + step];
  if (target) target.focus();
  else if (stops.length === 0) announce("No habits on this page.");
  else announce(step > 0 ? "This is the last habit." : "This is the first habit.");
}

function toggleFocused() {
  const { activeElement } = document;
  if (activeElement.matches(".completion, .past-day")) activeElement.click();
  else announce("Select a habit with j or k first.");
}

function openNewHabit() {
  const title = document.querySelector("#title");
  if (location.pathname === "/habits" && title) title.focus();
  else location.assign("/habits#title");
}

/** Presses the control of the focused row that has this key, or the only one on the page. */
function pressRowControl(key) {
  const controls = document.querySelectorAll(`[data-key=${key}]`);
  const focused = document.activeElement.closest("[data-habit]")?.querySelector(`[data-key=${key}]`);
  if (focused || controls.length === 1) (focused ?? controls[0]).click();
  else if (controls.length > 1) announce("Select a habit with j or k first.");
}

function createElement(name, ...content) {
  const element = document.createElement(name);
  element.append(...content);
  return element;
}

function openHelp() {
  const heading = createElement("h2", "Keyboard shortcuts");
  heading.id = "keys";
  const list = createElement("dl", ...HELP.map(([keys, action]) => createElement("div",
    createElement("dt", ...keys.split(" ").map((key) => createElement("kbd", key))), createElement("dd", action))));
  const close = createElement("button", "Close");
  close.className = "button plain";
  close.autofocus = true;
  const form = createElement("form", close);
  form.method = "dialog";
  const settings = createElement("a", "turn them off");
  settings.href = "/account/preferences#keyboardShortcuts";
  const hint = createElement("p", "You can ", settings, " in your preferences.");
  hint.className = "hint";
  const dialog = createElement("dialog", heading, list, hint, form);
  dialog.className = "keys";
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Set while the key after `g` is awaited. */
let sequenceTimer;

function endSequence() {
  clearTimeout(sequenceTimer);
  sequenceTimer = undefined;
}

function startSequence() {
  endSequence();
  sequenceTimer = setTimeout(endSequence, SEQUENCE_TIMEOUT_MS);
  announce("Go to: t for Today, c for Calendar, h for Habits, i for Insights, a for the archive.");
}

const KEY_ACTIONS = {
  j: () => moveFocus(1),
  k: () => moveFocus(-1),
  x: toggleFocused,
  u: undo,
  n: openNewHabit,
  e: () => pressRowControl("e"),
  a: () => pressRowControl("a"),
  r: () => pressRowControl("r"),
  d: () => pressRowControl("d"),
  "/": () => document.querySelector("[data-filter] input")?.focus(),
  g: startSequence,
  "?": openHelp,
};

export function startShortcuts() {
  if (!document.body.dataset.member) return;
  addEventListener("keydown", (event) => {
    // Read for each key, because the setting can change without a new page.
    if (document.documentElement.dataset.shortcuts === "off") return;
    const isTyping = event.target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable], dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const page = sequenceTimer && PAGES[event.key];
    endSequence();
    const act = page ? () => moveTo(page) : KEY_ACTIONS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  if (location.hash === "#title") document.querySelector("#title")?.focus();
}
