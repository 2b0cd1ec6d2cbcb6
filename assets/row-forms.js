/**
 * Forms and dialogs of a habit, or of the object of a table's row, opened without leaving the page. The server renders them into
 * the page that opens without JavaScript; the script takes them from there.
 */

import { announce } from "./announce.js";
import { startWeekdayPresets, startWeekdays } from "./weekday-picker.js";
import { fetchPage } from "./requests.js";

/** The open form or dialog, if the script opened it. */
let open;

const newHabit = document.querySelector(".new-habit");
const main = document.querySelector(".habits-main");

const hasChanges = (form) => [...form.elements].some((field) =>
  field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);

/** Closes the open form. The focus goes back to what opened it. */
function close() {
  const row = open.closest("[data-habit], [data-row]");
  open.remove();
  open = undefined;
  if (newHabit && !newHabit.closest("dialog")) main.after(newHabit);
  (row.querySelector("[popovertarget]") ?? row.querySelector("[data-open] button"))?.focus();
}

function showAsForm() {
  // A form for one habit comes after the form for a new one, as on the server's page. The style sheet places both.
  if (!newHabit.closest("dialog")) main.before(newHabit);
  const title = open.querySelector("input:not([type=hidden])");
  title.focus();
  // Typing goes on after the title.
  title.setSelectionRange(title.value.length, title.value.length);
}

function showAsDialog() {
  open.removeAttribute("open");
  open.addEventListener("close", () => open && close());
  open.showModal();
  if (!open.querySelector("[autofocus]")) open.querySelector("h2").focus();
}

async function openRowForm(opener) {
  const address = new URL(opener.action);
  address.search = new URLSearchParams(new FormData(opener));
  const row = opener.closest("[data-habit], [data-row]");
  const answer = await fetchPage(address);
  const part = answer?.page.querySelector(".row-form");
  // The habit was archived in another window, the session has ended, or Atlas can't be reached.
  if (!part) return location.assign(address);
  if (open) close();
  document.querySelectorAll(".row-form").forEach((rendered) => rendered.remove());
  open = document.importNode(part, true);
  startWeekdays(open);
  startWeekdayPresets(open);
  row.append(open);
  return open.matches("dialog") ? showAsDialog() : showAsForm();
}

/** A form with changes isn't replaced by another one. */
function keepsChanges() {
  const form = document.querySelector(".row-form form");
  if (!form || !hasChanges(form)) return false;
  announce("Save or cancel your changes first.");
  form.querySelector("input:not([type=hidden])").focus();
  return true;
}

function handleSubmit(event) {
  const opener = event.target.closest("[data-open]");
  if (!opener) return;
  event.preventDefault();
  opener.closest("[popover]")?.hidePopover();
  if (!keepsChanges()) openRowForm(opener);
}

function handleClick(event) {
  if (!open || !event.target.closest?.("[data-cancel]")) return;
  event.preventDefault();
  close();
}

function handleKey(event) {
  const part = event.target.closest?.(".row-form:not(:modal)");
  if (event.key !== "Escape" || !part || event.isComposing || event.defaultPrevented) return;
  event.preventDefault();
  // Where the server rendered the form, this leads to the page without it.
  part.querySelector("[data-cancel]").click();
}

export function startRowForms() {
  addEventListener("submit", handleSubmit);
  addEventListener("click", handleClick);
  addEventListener("keydown", handleKey);
}
