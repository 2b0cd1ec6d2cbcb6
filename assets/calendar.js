/** The calendar: keyboard navigation in the month, and the open day, which is beside the month or a bottom sheet on phones. */

import { toast } from "./announce.js";

const cells = [...document.querySelectorAll(".grid a[data-date-key]")];
const panel = document.querySelector(".day-panel[data-day]");
/** The open day if the address names it. */
const sheet = document.querySelector(".is-sheet");
/** The fragment with which a day is opened from the month, so that the focus moves to it. */
const OPENED = "#opened";
/** The width below which the style sheet lays the open day over the month. */
const phone = matchMedia("(max-width: 47.99rem)");

/** Makes one cell the tab stop of the month (roving tabindex). The arrow keys reach the others. */
function setTabStop(target) {
  for (const cell of cells) cell.tabIndex = cell === target ? 0 : -1;
}

/** Opens the previous (-1) or next (1) month and focuses a day. `findDay` gets the month as `YYYY-MM`; the day may not exist
 *  in it. */
function openMonth(direction, findDay) {
  const link = document.querySelector(direction < 0 ? ".step-back" : ".step-on");
  if (link) location.assign(`${link.href}#day-${findDay(new URL(link.href).searchParams.get("month"))}`);
}

/** Moves the focus by a number of days, into another month if necessary. */
function moveFocus(cell, days) {
  const target = cells[cells.indexOf(cell) + days];
  if (target) return target.focus();
  const date = new Date(`${cell.dataset.dateKey}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return openMonth(days, () => date.toISOString().slice(0, 10));
}

const KEY_ACTIONS = {
  ArrowLeft: (cell) => moveFocus(cell, -1),
  ArrowRight: (cell) => moveFocus(cell, 1),
  ArrowUp: (cell) => moveFocus(cell, -7),
  ArrowDown: (cell) => moveFocus(cell, 7),
  Home: (cell) => [...cell.closest("tr").querySelectorAll("a")].at(0).focus(),
  End: (cell) => [...cell.closest("tr").querySelectorAll("a")].at(-1).focus(),
  PageUp: (cell) => openMonth(-1, (month) => month + cell.dataset.dateKey.slice(7)),
  PageDown: (cell) => openMonth(1, (month) => month + cell.dataset.dateKey.slice(7)),
};

/** On phones the open day is a modal dialog, and the rest of the page is inert. */
function updateSheet() {
  const isModal = phone.matches;
  for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"]]) {
    if (isModal) sheet.setAttribute(name, value);
    else sheet.removeAttribute(name);
  }
  for (let element = sheet; element !== document.body; element = element.parentElement) {
    for (const sibling of element.parentElement.children) {
      if (sibling !== element && sibling !== toast) sibling.inert = isModal;
    }
  }
  if (isModal) focusPanel();
}

function focusPanel() {
  panel.querySelector("h2").focus();
}

const hasModifier = (event) => event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;

/** Opens the day of a cell and moves the focus to it. */
function openDay(event, cell) {
  if (hasModifier(event)) return;
  event.preventDefault();
  if (sheet && cell.matches(".is-open")) focusPanel();
  else location.assign(cell.href + OPENED);
}

/** Returns from the open day to its cell. On phones, that closes the sheet. */
function leavePanel() {
  if (sheet && phone.matches) closeSheet();
  else cells.find((cell) => cell.matches(".is-open"))?.focus();
}

function closeSheet() {
  location.assign(`${sheet.querySelector(".close").href}#day-${sheet.dataset.day}`);
}

function startMonth() {
  setTabStop(cells.find((cell) => cell.matches(".is-open")) ?? cells.find((cell) => cell.matches("[aria-current]")) ?? cells[0]);
  for (const cell of cells) {
    cell.addEventListener("focus", () => setTabStop(cell));
    cell.addEventListener("click", (event) => openDay(event, cell));
    cell.addEventListener("keydown", (event) => {
      const act = KEY_ACTIONS[event.key];
      if (!act || hasModifier(event)) return;
      event.preventDefault();
      act(cell);
    });
  }
  // A key opened this month. A day that it does not have, such as February 31, becomes its last day.
  if (location.hash.startsWith("#day-")) {
    (document.getElementById(location.hash.slice(1)) ?? cells.at(-1)).focus();
    history.replaceState(null, "", location.pathname + location.search);
  }
}

function startSheet() {
  updateSheet();
  phone.addEventListener("change", updateSheet);
  sheet.addEventListener("click", (event) => { if (event.target === sheet && phone.matches) closeSheet(); });
  sheet.querySelector(".close").addEventListener("click", (event) => {
    if (hasModifier(event)) return;
    event.preventDefault();
    closeSheet();
  });
}

function startPanel() {
  if (location.hash === OPENED) {
    history.replaceState(null, "", location.pathname + location.search);
    focusPanel();
  }
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open], :popover-open")) return;
    if (sheet && phone.matches || panel.contains(document.activeElement)) leavePanel();
  });
}

export function startCalendar() {
  if (cells.length > 0) startMonth();
  if (sheet) startSheet();
  if (panel) startPanel();
}
