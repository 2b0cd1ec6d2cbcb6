/**
 * The list of habits: reordering by button or by dragging without loading a new page, and presets for the weekdays. Without
 * JavaScript the buttons submit forms.
 */

import { announce } from "./announce.js";
import { startNewHabitDraft } from "./new-habit-draft.js";
import { callApi, leaveToSignIn, OFFLINE_MESSAGE } from "./requests.js";

const list = document.querySelector("[data-order]");
const findRows = () => [...list.querySelectorAll("[data-habit]")];

/** Disables Up in the first row and Down in the last one. */
function updateMoveButtons() {
  findRows().forEach((row, index, all) => {
    const [up, down] = row.querySelectorAll("[data-move] button");
    if (!up) return;
    up.disabled = index === 0;
    down.disabled = index === all.length - 1;
  });
}

function drawOrder(rows) {
  list.append(...rows);
  updateMoveButtons();
}

let saving = Promise.resolve();

/** Shows a new order at once and saves it. If that fails, the previous order comes back. Orders are saved one after another. */
function saveOrder(rows, previousRows, canUndo = true) {
  drawOrder(rows);
  const habitIds = rows.map((row) => row.dataset.habit);
  saving = saving.then(async () => {
    const { status, data, error } = await callApi("PUT", "/api/habits/order", { habitIds });
    if (status === 401) await leaveToSignIn();
    if (data?.habitIds) return announce("Order saved.", canUndo ? () => saveOrder(previousRows, rows, false) : undefined);
    drawOrder(previousRows);
    return announce(error?.message ?? OFFLINE_MESSAGE);
  });
}

function moveRow(row, offset) {
  const previousRows = findRows();
  const from = previousRows.indexOf(row);
  const to = from + offset;
  if (to < 0 || to >= previousRows.length) return;
  const rows = previousRows.slice();
  rows.splice(to, 0, rows.splice(from, 1)[0]);
  saveOrder(rows, previousRows);
}

list?.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-move]");
  if (!form) return;
  event.preventDefault();
  event.stopPropagation();
  const button = event.submitter;
  moveRow(form.closest("[data-habit]"), button.value === "up" ? -1 : 1);
  // At either end of the list the button gets disabled and would lose the focus, so the other one takes it.
  (button.disabled ? form.querySelector("button:not(:disabled)") : button)?.focus();
});

// After a reload, browsers may restore buttons that were disabled in another order.
if (list) addEventListener("pageshow", updateMoveButtons);

/* Dragging */

let draggedRow = null;
let rowsBeforeDrag = [];

for (const row of list ? findRows() : []) {
  row.draggable = findRows().length > 1;
  row.addEventListener("dragstart", (event) => {
    if (event.target !== row) return;
    draggedRow = row;
    rowsBeforeDrag = findRows();
    row.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.dataset.habitTitle);
  });
  row.addEventListener("dragover", (event) => {
    if (!draggedRow || draggedRow === row) return;
    event.preventDefault();
    const { top, height } = row.getBoundingClientRect();
    row[event.clientY < top + height / 2 ? "before" : "after"](draggedRow);
  });
  row.addEventListener("drop", (event) => { if (draggedRow) event.preventDefault(); });
  row.addEventListener("dragend", () => {
    if (!draggedRow) return;
    draggedRow.classList.remove("is-dragged");
    draggedRow = null;
    const rows = findRows();
    if (rows.some((element, index) => element !== rowsBeforeDrag[index])) saveOrder(rows, rowsBeforeDrag);
  });
}

/* Weekday presets */

for (const presets of document.querySelectorAll("[data-presets]")) {
  presets.hidden = false;
  presets.addEventListener("click", (event) => {
    const days = event.target.dataset.days?.split(" ");
    if (!days) return;
    for (const checkbox of presets.closest("fieldset").querySelectorAll("input[type=checkbox]")) {
      if (checkbox.checked !== days.includes(checkbox.value)) checkbox.click();
    }
  });
}

startNewHabitDraft();
