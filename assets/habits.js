/**
 * What the browser adds to the list of habits: moving one without a new page, by button, key or drag, and presets for the
 * weekdays. Without it the same buttons post and the page comes back.
 */

import { announce } from "./announce.js";
import { UNREACHABLE, reason } from "./answers.js";

const list = document.querySelector("[data-order]");
const rows = () => [...list.querySelectorAll("[data-habit]")];

/** The first cannot go up, the last cannot go down. */
function drawEnds() {
  rows().forEach((row, index, all) => {
    const [up, down] = row.querySelectorAll("[data-move] button");
    if (!up) return;
    up.disabled = index === 0;
    down.disabled = index === all.length - 1;
  });
}

/** Puts the rows into an order of elements. */
function draw(order) {
  list.append(...order);
  drawEnds();
}

let saving = Promise.resolve();

/** Shows the new order at once and saves it; puts the old one back when that fails. One save at a time, in order. */
function reorder(order, before, canUndo = true) {
  draw(order);
  const habitIds = order.map((row) => row.dataset.habit);
  saving = saving.then(async () => {
    try {
      const reply = await fetch("/api/habits/order", {
        method: "PUT",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ habitIds }),
      });
      if (reply.status === 401) return location.assign("/sign-in?from=/habits");
      if (!reply.ok) throw new Error(await reason(reply));
      announce("The new order is saved.", canUndo ? () => reorder(before, order, false) : undefined);
    } catch (error) {
      draw(before);
      announce(error instanceof TypeError ? UNREACHABLE : error.message);
    }
  });
}

function move(row, by) {
  const before = rows();
  const from = before.indexOf(row);
  const to = from + by;
  if (to < 0 || to >= before.length) return;
  const order = before.slice();
  order.splice(to, 0, order.splice(from, 1)[0]);
  reorder(order, before);
}

list?.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-move]");
  if (!form) return;
  event.preventDefault();
  event.stopPropagation();
  const button = event.submitter;
  move(form.closest("[data-habit]"), button.value === "up" ? -1 : 1);
  // At the end of the list the button is disabled; its neighbour takes the focus.
  (button.disabled ? form.querySelector("button:not(:disabled)") : button)?.focus();
});

/* Dragging, for those who like it; the buttons do the same. */

let dragged = null;
let orderBefore = [];

for (const row of list ? rows() : []) {
  row.draggable = rows().length > 1;
  row.addEventListener("dragstart", (event) => {
    if (event.target !== row) return;
    dragged = row;
    orderBefore = rows();
    row.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.dataset.habitTitle);
  });
  row.addEventListener("dragover", (event) => {
    if (!dragged || dragged === row) return;
    event.preventDefault();
    const { top, height } = row.getBoundingClientRect();
    row[event.clientY < top + height / 2 ? "before" : "after"](dragged);
  });
  row.addEventListener("drop", (event) => { if (dragged) event.preventDefault(); });
  row.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("is-dragged");
    dragged = null;
    const order = rows();
    if (order.some((element, index) => element !== orderBefore[index])) reorder(order, orderBefore);
  });
}

/* Presets */

for (const presets of document.querySelectorAll("[data-presets]")) {
  presets.hidden = false;
  presets.addEventListener("click", (event) => {
    const days = event.target.dataset.days?.split(" ");
    if (!days) return;
    for (const box of presets.closest("fieldset").querySelectorAll("input[type=checkbox]")) {
      if (box.checked !== days.includes(box.value)) box.click();
    }
  });
}
