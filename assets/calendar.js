/** The month by keys, and the open day over it on a phone. */

import { toast } from "./announce.js";

const cells = [...document.querySelectorAll(".grid a[data-date-key]")];
const sheet = document.querySelector(".is-sheet");
const narrow = matchMedia("(max-width: 47.99rem)");

/** One day of the month is in the order of Tab; the arrows go on from there. */
function rove(to) {
  for (const cell of cells) cell.tabIndex = cell === to ? 0 : -1;
}

/** Opens the month that `step` leads to, with the focus on `key`, a day that may not exist in it. */
function turn(step, key) {
  const link = document.querySelector(step < 0 ? ".step-back" : ".step-on");
  if (link) location.assign(`${link.href}#day-${key(new URL(link.href).searchParams.get("month"))}`);
}

/** The cell `steps` days on, in another month if need be. */
function goBy(from, steps) {
  const to = cells[cells.indexOf(from) + steps];
  if (to) return to.focus();
  const date = new Date(`${from.dataset.dateKey}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + steps);
  return turn(steps, () => date.toISOString().slice(0, 10));
}

const KEYS = {
  ArrowLeft: (from) => goBy(from, -1),
  ArrowRight: (from) => goBy(from, 1),
  ArrowUp: (from) => goBy(from, -7),
  ArrowDown: (from) => goBy(from, 7),
  Home: (from) => [...from.closest("tr").querySelectorAll("a")].at(0).focus(),
  End: (from) => [...from.closest("tr").querySelectorAll("a")].at(-1).focus(),
  PageUp: (from) => turn(-1, (month) => month + from.dataset.dateKey.slice(7)),
  PageDown: (from) => turn(1, (month) => month + from.dataset.dateKey.slice(7)),
};

/** Over a narrow page the open day is a dialog: the rest rests until it is closed. */
function drawSheet() {
  const isDialog = narrow.matches;
  for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"]]) {
    if (isDialog) sheet.setAttribute(name, value);
    else sheet.removeAttribute(name);
  }
  for (let at = sheet; at !== document.body; at = at.parentElement) {
    for (const other of at.parentElement.children) {
      if (other !== at && other !== toast) other.inert = isDialog;
    }
  }
  if (isDialog) sheet.querySelector("h2").focus();
}

function startMonth() {
  rove(cells.find((cell) => cell.matches(".is-open")) ?? cells.find((cell) => cell.matches("[aria-current]")) ?? cells[0]);
  for (const cell of cells) {
    cell.addEventListener("focus", () => rove(cell));
    cell.addEventListener("keydown", (event) => {
      const go = KEYS[event.key];
      if (!go || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      event.preventDefault();
      go(cell);
    });
  }
  // Whoever turned the page with a key goes on where that led; the 31st of a short month is its last day.
  if (location.hash.startsWith("#day-")) {
    (document.getElementById(location.hash.slice(1)) ?? cells.at(-1)).focus();
    history.replaceState(null, "", location.pathname + location.search);
  }
}

function startSheet() {
  const close = () => location.assign(`${sheet.querySelector(".close").href}#day-${sheet.dataset.day}`);
  drawSheet();
  narrow.addEventListener("change", drawSheet);
  sheet.addEventListener("click", (event) => { if (event.target === sheet && narrow.matches) close(); });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && narrow.matches && !document.querySelector("dialog[open]")) close();
  });
}

export function startCalendar() {
  if (cells.length > 0) startMonth();
  if (sheet) startSheet();
}
