/**
 * The order of the habits and of their groups: a handle that is dragged or moved with the arrow keys, and the buttons of the menu.
 * Without JavaScript the buttons submit forms. The order of the habits says that of the groups, too.
 */

import { announce } from "./announce.js";
import { callApi, leaveToSignIn, OFFLINE_MESSAGE } from "./requests.js";

/** The list scrolls while a row is dragged this close to the edge of the screen. */
const SCROLL_EDGE_PX = 80;
const SCROLL_STEP_PX = 10;

/** What the lists of all groups are in. */
let list;
/** The order that the server has, and the one to save next. */
let savedRows = [];
let wantedRows = [];
let isSaving = false;

const findRows = () => [...list.querySelectorAll("[data-habit]")];
/** What is moved is a row or a group. */
const isGroup = (item) => item.matches("[data-section]");
const rowsOf = (item) => (isGroup(item) ? [...item.querySelectorAll("[data-habit]")] : [item]);
/** The row that an element is in, or else the group. */
const findItem = (element) => element.closest("[data-habit], [data-section]");
/** The rows of the same group, or all groups. */
const findSiblings = (item) =>
  [...item.parentElement.children].filter((each) => each.matches(isGroup(item) ? "[data-section]" : "[data-habit]"));
const isSameOrder = (one, other) => one.every((row, index) => row === other[index]);

/** Disables Move up in the first row or group and Move down in the last one. */
function updateMoveButtons() {
  for (const form of list.querySelectorAll("[data-move]")) {
    const all = findSiblings(findItem(form));
    const index = all.indexOf(findItem(form));
    const [up, down] = form.querySelectorAll("button");
    up.disabled = index === 0;
    down.disabled = index === all.length - 1;
  }
}

/** Moving an element takes the focus away from it. */
function drawOrder(rows) {
  const { activeElement } = document;
  for (const row of rows) row.parentElement.append(row);
  for (const group of new Set(rows.map((row) => row.closest("[data-section]")))) if (group) list.append(group);
  updateMoveButtons();
  if (list.contains(activeElement)) activeElement.focus({ preventScroll: true });
}

/** Saves the wanted order, and what it has become meanwhile. If that fails, the order that the server has comes back. */
async function save(item, previousRows) {
  if (isSaving) return;
  isSaving = true;
  while (!isSameOrder(wantedRows, savedRows)) {
    const rows = wantedRows;
    const habitIds = rows.map(({ dataset }) => dataset.habit);
    const { status, data, error } = await callApi("PUT", "/api/habits/order", { habitIds });
    if (status === 401) await leaveToSignIn();
    if (!data?.habitIds) {
      wantedRows = savedRows;
      drawOrder(savedRows);
      isSaving = false;
      return announce(error?.message ?? OFFLINE_MESSAGE);
    }
    savedRows = rows;
  }
  isSaving = false;
  const siblings = findSiblings(item);
  const place = `Order saved: ${siblings.indexOf(item) + 1} of ${siblings.length}.`;
  return announce(place, previousRows && (() => setOrder(previousRows, item)));
}

/** Shows a new order at once and saves it. `previousRows` is what Undo brings back. */
function setOrder(rows, item, previousRows) {
  wantedRows = rows;
  drawOrder(rows);
  save(item, previousRows);
}

/** Moves a row past the next row of its group that the filter shows, or to the start or end of the group. Groups move likewise. */
function move(item, step) {
  const shown = findSiblings(item).filter((each) => each === item || !each.hidden);
  const from = shown.indexOf(item);
  const to = Math.min(Math.max(from + step, 0), shown.length - 1);
  if (to === from) return announce(`This is the ${step < 0 ? "first" : "last"} ${isGroup(item) ? "group" : "habit"}.`);
  const [rows, own, passed] = [findRows(), rowsOf(item), rowsOf(shown[to])];
  const moved = rows.filter((row) => !own.includes(row));
  moved.splice(to < from ? moved.indexOf(passed[0]) : moved.indexOf(passed.at(-1)) + 1, 0, ...own);
  return setOrder(moved, item, rows);
}

/* The menu */

function moveByButton(event) {
  const form = event.target.closest("[data-move]");
  if (!form) return;
  event.preventDefault();
  event.stopPropagation();
  form.closest("[popover]").hidePopover();
  const item = findItem(form);
  move(item, event.submitter.value === "up" ? -1 : 1);
  item.querySelector(isGroup(item) ? ":scope > [popovertarget]" : "[popovertarget]").focus();
}

/* The keyboard */

const KEY_STEPS = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

/** The arrow keys move a row or a group by its handle, and with Alt from anywhere in the row or the group's heading. */
function moveByKey(event) {
  const step = KEY_STEPS[event.key];
  const item = findItem(event.target);
  if (!step || !item || event.target.closest(".row-form, [popover]")) return;
  const isHandle = event.target.matches("[data-handle]");
  if (isHandle ? event.altKey || event.ctrlKey || event.metaKey : !event.altKey || Math.abs(step) !== 1) return;
  event.preventDefault();
  if (findSiblings(item).length > 1) move(item, step);
}

/* Dragging */

let drag;

/** Puts the dragged row or group where the pointer is. A group passes another one at its heading. */
function followPointer() {
  const { item, y } = drag;
  for (const other of findSiblings(item)) {
    if (other === item || other.hidden) continue;
    const { top, bottom } = other.getBoundingClientRect();
    const middle = top + (other.querySelector("summary") ?? other).offsetHeight / 2;
    const isAbove = Boolean(item.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_PRECEDING);
    if (isAbove && y < middle) return other.before(item);
    if (!isAbove && y > middle && y < bottom) return other.after(item);
  }
  return undefined;
}

function scrollWhileDragging() {
  if (!drag) return;
  const step = drag.y < SCROLL_EDGE_PX ? -SCROLL_STEP_PX : drag.y > innerHeight - SCROLL_EDGE_PX ? SCROLL_STEP_PX : 0;
  if (step) {
    scrollBy(0, step);
    followPointer();
  }
  requestAnimationFrame(scrollWhileDragging);
}

function endDrag(isDropped) {
  if (!drag) return;
  const { item, rows } = drag;
  drag = undefined;
  item.classList.remove("is-dragged");
  const dropped = findRows();
  if (isSameOrder(dropped, rows)) return;
  if (isDropped) setOrder(dropped, item, rows);
  else drawOrder(rows);
}

function startDrag(event) {
  const handle = event.target.closest("[data-handle]");
  if (!handle || event.button !== 0) return;
  const item = findItem(handle);
  drag = { item, rows: findRows(), y: event.clientY };
  item.classList.add("is-dragged");
  requestAnimationFrame(scrollWhileDragging);
}

function startDragging() {
  list.addEventListener("pointerdown", startDrag);
  // What is dragged moves in the document, which would end a capture of the pointer by its handle.
  addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.y = event.clientY;
    followPointer();
  });
  addEventListener("pointerup", () => endDrag(true));
  addEventListener("pointercancel", () => endDrag(false));
  addEventListener("keydown", (event) => { if (event.key === "Escape") endDrag(false); });
}

export function startHabitOrder(habitList) {
  list = habitList;
  savedRows = wantedRows = findRows();
  for (const handle of list.querySelectorAll("[data-handle]")) handle.hidden = false;
  list.addEventListener("submit", moveByButton);
  list.addEventListener("keydown", moveByKey);
  startDragging();
  // After a reload, browsers may restore buttons that were disabled in another order.
  addEventListener("pageshow", updateMoveButtons);
}
