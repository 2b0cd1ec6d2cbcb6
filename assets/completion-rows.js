/**
 * The habits of the day on the page: a row for each, whose controls are buttons named `change`. The value of a control names its
 * habit, its day and the state that pressing it leads to: `<habit>:<YYYY-MM-DD>:<true or false>`. The control of a habit that counts
 * an amount is named `add`, and ends with the amount that pressing it adds.
 */

import { drawPastDay } from "./past-days.js";

/** The list of the day, on /today and /yesterday, and beside the calendar. */
export const day = document.querySelector("[data-day]");
/** Offline, the list of a new day may have replaced it. */
export const findList = () => day?.querySelector("form.completions");
const listControls = (page = document) => [...page.querySelectorAll('[name="change"], [name="add"]')];

export function readControl(control) {
  const [habitId, dateKey] = control.value.split(":");
  return { habitId, dateKey };
}

const isAmount = (control) => control.matches(".amount");
const isRow = (control) => control.matches(".completion");
const findRow = (control) => control.closest(".completion-row");
export const isCompleted = (control) => control.value.endsWith(":false");
export const isPending = (control) => control.dataset.pending === "true";
export const findControl = (habitId, dateKey, page = document) =>
  listControls(page).find(({ value }) => value.startsWith(`${habitId}:${dateKey}:`));

/** Shows a habit as completed or open on the day of the control. */
export function drawCompletion(control, isDone) {
  const { habitId, dateKey } = readControl(control);
  control.value = `${habitId}:${dateKey}:${!isDone}`;
  if (!isRow(control)) return drawPastDay(control, dateKey, isDone ? "done" : "open");
  control.setAttribute("aria-checked", String(isDone));
  return drawProgress();
}

/** Whether everything on the list is done, and what the page says then. */
export function readCompleteMessage() {
  return day.querySelector("[data-complete]:not([hidden])")?.textContent ?? "";
}

/** The step of intensity of a day, as `Intensity` on the server. */
function intensityLevel(done, total) {
  const percent = Math.round(100 * done / total);
  return done === 0 ? 0 : done === total ? 4 : percent >= 70 ? 3 : percent >= 40 ? 2 : 1;
}

/** Rows that the day's count leaves out: skipped and resting ones, limits that are kept so far, and what can wait. */
const UNCOUNTED = [
  '[data-skipped]:not([aria-checked="true"])',
  '[data-resting]:not([aria-checked="true"], [data-done="true"])',
  '[data-undecided]:not([aria-checked="true"], [data-exceeded])',
].join(", ");

/** How many of the habits in an element are due, how many of them are done, and both as text. */
function countHabits(element) {
  const total = element.querySelectorAll(`.completion:not(${UNCOUNTED})`).length;
  const done = element.querySelectorAll(`.completion:is([aria-checked="true"], [data-done="true"]):not(${UNCOUNTED})`).length;
  if (total > 0) return { total, done, count: `${done}/${total}`, label: `${done} of ${total} done` };
  return { total, done, count: "–", label: element.querySelector("[data-skipped]") ? "Skipped" : "Nothing due" };
}

/** Updates the progress of the day, of its sections, and its cell in the calendar. */
export function drawProgress() {
  const { total, done, count, label } = countHabits(day);
  const isComplete = total > 0 && done === total;
  for (const section of day.querySelectorAll("[data-section]")) {
    const part = countHabits(section);
    section.querySelector("[data-section-count]").textContent = part.count;
    section.querySelector("[data-section-label]").textContent = part.label;
  }
  day.querySelector("[data-count]").textContent = label;
  const progress = day.querySelector("progress");
  progress.max = Math.max(total, 1);
  progress.value = done;
  progress.textContent = `${done}/${total}`;
  const message = day.querySelector("[data-complete]");
  if (message) {
    message.hidden = !isComplete;
    message.textContent = isComplete ? message.dataset.complete : "";
  }
  if (isComplete !== day.matches(".is-complete")) day.classList.toggle("is-celebrating", isComplete);
  day.classList.toggle("is-complete", isComplete);
  const cell = document.querySelector(`.grid a[data-date-key="${day.dataset.day}"]`);
  if (!cell) return;
  cell.parentElement.querySelector("[data-cell-count]").textContent = count;
  cell.parentElement.querySelector("[data-cell-label]").textContent = label;
  if (total > 0) cell.dataset.level = intensityLevel(done, total);
  else delete cell.dataset.level;
  cell.toggleAttribute("data-complete", isComplete);
  if (isComplete) cell.dataset.complete = "true";
}

/** Shows an error below the row of the control, or clears it if `message` is empty. */
export function drawError(control, message) {
  const row = findRow(control);
  row.querySelector(".fault")?.remove();
  control.removeAttribute("aria-describedby");
  if (!message) return;
  const error = document.createElement("p");
  error.className = "fault";
  error.id = `fault-${readControl(control).habitId}`;
  error.textContent = message;
  row.append(error);
  control.setAttribute("aria-describedby", error.id);
}

/** Marks a row or a cell as not synced, or clears the mark. The label is added to `parent`. */
function drawPendingMark(element, parent, isMarked) {
  if (isMarked === (element.dataset.pending === "true")) return;
  if (isMarked) {
    element.dataset.pending = "true";
    const label = document.createElement("span");
    label.className = "pending";
    label.textContent = "not synced yet";
    parent.append(label);
  } else {
    delete element.dataset.pending;
    parent.querySelector(".pending")?.remove();
  }
}

/** Marks the controls and calendar cells that have pending completions. */
export function drawPending(pending) {
  for (const control of listControls()) {
    const { habitId, dateKey } = readControl(control);
    const isMarked = pending.some((completion) => completion.habitId === habitId && completion.dateKey === dateKey);
    if (isRow(control)) drawPendingMark(findRow(control), control.querySelector(".completion-status"), isMarked);
    if (isMarked) control.dataset.pending = "true";
    else delete control.dataset.pending;
    if (!isRow(control)) drawPastDay(control, dateKey, control.dataset.state);
  }
  for (const cell of document.querySelectorAll(".grid a[data-date-key]")) {
    const isMarked = pending.some(({ dateKey }) => dateKey === cell.dataset.dateKey);
    drawPendingMark(cell, cell.parentElement, isMarked);
  }
}

/** Replaces the sum of a row by that in a newer page. */
function drawNewerAmount(control, newer) {
  for (const name of ["done", "exceeded", "skipped", "undecided", "resting"]) {
    if (newer.dataset[name] === undefined) delete control.dataset[name];
    else control.dataset[name] = newer.dataset[name];
  }
  control.querySelector(".amount-bar").value = newer.querySelector(".amount-bar").value;
  control.querySelector(".amount-sum").replaceWith(newer.querySelector(".amount-sum"));
  return drawProgress();
}

/** Replaces the state of a control by that in a newer page. */
function drawNewerState(control, newer) {
  if (isAmount(control) || isAmount(newer)) return isAmount(control) && isAmount(newer) && drawNewerAmount(control, newer);
  const { dateKey } = readControl(control);
  if (isCompleted(newer) !== isCompleted(control)) drawCompletion(control, isCompleted(newer));
  control.toggleAttribute("data-note", newer.hasAttribute("data-note"));
  if (!isRow(control)) return drawPastDay(control, dateKey, newer.dataset.state);
  for (const name of ["data-skipped", "data-undecided", "data-resting"]) {
    control.toggleAttribute(name, newer.hasAttribute(name));
  }
  return drawProgress();
}

/** Replaces the states and the streaks of the rows by those of the same habits in a newer page. The state of a control stays while
 *  `isChanging` says so. */
export function drawNewerRows(page, isChanging) {
  for (const control of listControls()) {
    const { habitId, dateKey } = readControl(control);
    const newer = findControl(habitId, dateKey, page);
    if (!newer) continue;
    if (!isChanging(control)) drawNewerState(control, newer);
    if (!isRow(control)) continue;
    control.querySelector(".completion-streak, .completion-skipped")?.remove();
    const status = newer.querySelector(".completion-streak, .completion-skipped");
    if (status) control.querySelector(".completion-status").prepend(status);
    control.querySelector("[data-noted]")?.remove();
    control.append(...newer.querySelectorAll("[data-noted]"));
  }
}
