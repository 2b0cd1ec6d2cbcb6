/**
 * The order of the habits: a handle that is dragged or moved with the arrow keys, and the buttons of the menu. Without JavaScript
 * the buttons submit forms.
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
/** The rows of the same group. */
const findSiblings = (row, rows = findRows()) => rows.filter((each) => each.parentElement === row.parentElement);
const isSameOrder = (one, other) => one.every((row, index) => row === other[index]);

/** Disables Move up in the first row and Move down in the last one. */
function updateMoveButtons() {
  findRows().forEach((row) => {
    const all = findSiblings(row);
    const index = all.indexOf(row);
    const [up, down] = row.querySelectorAll("[data-move] button");
    if (!up) return;
    up.disabled = index === 0;
    down.disabled = index === all.length - 1;
  });
}

/** Moving an element takes the focus away from it. */
function drawOrder(rows) {
  const { activeElement } = document;
  for (const row of rows) row.parentElement.append(row);
  updateMoveButtons();
  if (list.contains(activeElement)) activeElement.focus({ preventScroll: true });
}

/** Saves the wanted order, and what it has become meanwhile. If that fails, the order that the server has comes back. */
async function save(row, previousRows) {
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
  const siblings = findSiblings(row, savedRows);
  const place = `Order saved: ${siblings.indexOf(row) + 1} of ${siblings.length}.`;
  return announce(place, previousRows && (() => setOrder(previousRows, row)));
}

/** Shows a new order at once and saves it. `previousRows` is what Undo brings back. */
function setOrder(rows, row, previousRows) {
  wantedRows = rows;
  drawOrder(rows);
  save(row, previousRows);
}

/** Moves a row past the next row of its group that the filter shows, or to the start or end of the group. */
function moveRow(row, step) {
  const rows = findRows();
  const shown = findSiblings(row).filter((each) => each === row || !each.hidden);
  const from = shown.indexOf(row);
  const to = Math.min(Math.max(from + step, 0), shown.length - 1);
  if (to === from) return announce(step < 0 ? "This is the first habit." : "This is the last habit.");
  const moved = rows.filter((each) => each !== row);
  moved.splice(rows.indexOf(shown[to]), 0, row);
  return setOrder(moved, row, rows);
}

/* The menu */

function moveByButton(event) {
  const form = event.target.closest("[data-move]");
  if (!form) return;
  event.preventDefault();
  event.stopPropagation();
  form.closest("[popover]").hidePopover();
  const row = form.closest("[data-habit]");
  moveRow(row, event.submitter.value === "up" ? -1 : 1);
  row.querySelector("[popovertarget]").focus();
}

/* The keyboard */

const KEY_STEPS = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity };

/** The arrow keys move a row by its handle, and with Alt from anywhere in the row. */
function moveByKey(event) {
  const step = KEY_STEPS[event.key];
  const row = event.target.closest("[data-habit]");
  if (!step || !row || event.target.closest(".row-form, [popover]")) return;
  const isHandle = event.target.matches("[data-handle]");
  if (isHandle ? event.altKey || event.ctrlKey || event.metaKey : !event.altKey || Math.abs(step) !== 1) return;
  event.preventDefault();
  if (findSiblings(row).length > 1) moveRow(row, step);
}

/* Dragging */

let drag;

/** Puts the dragged row where the pointer is. */
function followPointer() {
  const { row, y } = drag;
  for (const other of findSiblings(row)) {
    if (other === row || other.hidden) continue;
    const { top, height } = other.getBoundingClientRect();
    const isAbove = Boolean(row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_PRECEDING);
    if (isAbove && y < top + height / 2) return other.before(row);
    if (!isAbove && y > top + height / 2 && y < top + height) return other.after(row);
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
  const { row, rows } = drag;
  drag = undefined;
  row.classList.remove("is-dragged");
  const dropped = findRows();
  if (isSameOrder(dropped, rows)) return;
  if (isDropped) setOrder(dropped, row, rows);
  else drawOrder(rows);
}

function startDrag(event) {
  const handle = event.target.closest("[data-handle]");
  if (!handle || event.button !== 0) return;
  const row = handle.closest("[data-habit]");
  drag = { row, rows: findRows(), y: event.clientY };
  row.classList.add("is-dragged");
  requestAnimationFrame(scrollWhileDragging);
}

function startDragging() {
  list.addEventListener("pointerdown", startDrag);
  // The row moves in the document, which would end a capture of the pointer by its handle.
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
