/** Writing notes about days without leaving the page. Notes aren't queued, so saving one needs a connection; what was typed is kept. */

import { announce } from "./announce.js";
import { clearDraft, keepDraft, restoreDraft } from "./note-draft.js";
import { callApi, fetchPage, leaveToSignIn } from "./requests.js";

const NO_CONNECTION_MESSAGE = "You're offline. Saving a note needs a connection. What you typed is kept.";

/** The form of a note that the script opened: `{ form, text, link }`, with what it replaces. */
let editor;

function closeEditor() {
  const { form, text, link } = editor;
  editor = undefined;
  form.replaceWith(text);
  link.hidden = false;
  link.focus();
}

/** Opens the form of a note in its place. The server renders it into the page that opens without JavaScript. */
async function openEditor(link) {
  const answer = await fetchPage(link.href);
  const rendered = answer?.page.querySelector(`[data-note-form="${link.dataset.editNote}"]`);
  // The session has ended, Atlas can't be reached, or the server rendered another form into this page.
  if (!rendered || document.getElementById("edit-note")) return location.assign(link.href);
  const text = link.closest(".note").querySelector(".note-text");
  const form = document.importNode(rendered, true);
  const field = form.elements.note;
  // It takes effect without a new page only once, and warns in the console after that.
  field.autofocus = false;
  editor = { form, text, link };
  text.replaceWith(form);
  link.hidden = true;
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}

/** A form with changes isn't replaced by another one. */
function keepsChanges() {
  const field = editor?.form.elements.note;
  if (!field || field.value === field.defaultValue) return false;
  announce("Save or cancel your changes first.");
  field.focus();
  return true;
}

function handleClick(event) {
  const link = event.target.closest?.("[data-edit-note]");
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
  if (link && isPlain) {
    event.preventDefault();
    if (keepsChanges()) return;
    if (editor) closeEditor();
    openEditor(link);
  } else if (event.target.closest?.(".note-form [data-cancel]")) {
    clearDraft();
    if (!editor) return;
    event.preventDefault();
    closeEditor();
  }
}

/** Shows errors at their fields. Those of fields that aren't shown are above the form. */
function drawErrors(form, errors) {
  form.querySelectorAll(".fault, .notice-bad").forEach((error) => error.remove());
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const { field, message } of errors) {
    const control = form.elements[field];
    const isShown = control && control.type !== "hidden";
    const error = document.createElement("p");
    error.className = isShown ? "fault" : "notice notice-bad";
    error.role = "alert";
    error.textContent = message;
    if (!isShown) {
      form.prepend(error);
      continue;
    }
    error.id = `${control.id}-fault`;
    control.setAttribute("aria-invalid", "true");
    const hint = document.getElementById(`${control.id}-hint`);
    control.setAttribute("aria-describedby", hint ? `${error.id} ${hint.id}` : error.id);
    control.closest(".field").append(error);
  }
  form.querySelector("[aria-invalid]")?.focus();
}

/** What is wrong with a form before it is sent. */
function findErrors({ elements }) {
  const errors = [];
  if (!elements.date.value) errors.push({ field: "date", message: "Choose a day." });
  if (!elements.note.value.trim() && !elements.replaces) errors.push({ field: "note", message: "Enter a note." });
  return errors;
}

/** Shows in the calendar's month whether the open day has a note. */
function drawCellNote(page) {
  const day = document.querySelector(".day-panel[data-day]")?.dataset.day;
  const [cell, newer] = [document, page].map((each) => each.querySelector(`.grid a[data-date-key="${day}"]`));
  if (!cell || !newer) return;
  cell.parentElement.querySelector(".cell-note")?.remove();
  const mark = newer.parentElement.querySelector(".cell-note");
  if (mark) cell.parentElement.append(document.importNode(mark, true));
  const description = newer.getAttribute("aria-describedby");
  if (description) cell.setAttribute("aria-describedby", description);
  else cell.removeAttribute("aria-describedby");
}

/** Replaces what shows notes by that of a newer page. */
async function refreshNotes() {
  const address = new URL(location);
  address.searchParams.delete("note");
  address.hash = "";
  const page = (await fetchPage(address))?.page;
  const parts = [...document.querySelectorAll("[data-notes]")];
  if (!page || parts.length === 0 || parts.some((part) => !page.getElementById(part.id))) return location.assign(address);
  history.replaceState(history.state, "", address);
  editor = undefined;
  for (const part of parts) part.replaceWith(document.importNode(page.getElementById(part.id), true));
  return drawCellNote(page);
}

/** Sends a note. Returns the answer if it was saved, and shows why it wasn't otherwise. */
async function sendNote(form, body) {
  form.inert = true;
  const answer = await callApi("PUT", "/api/notes", body);
  form.inert = false;
  if (answer.status === 401) return leaveToSignIn();
  if (answer.data) return answer;
  if (answer.status === 0) announce(NO_CONNECTION_MESSAGE);
  else drawErrors(form, answer.error.fields ?? [{ message: answer.error.message }]);
  return undefined;
}

/** Writes a deleted note again. */
async function restoreNote(body, note) {
  const answer = await callApi("PUT", "/api/notes", { ...body, note, replaces: null });
  announce(answer.error?.message ?? "Note restored.");
  if (answer.data) await refreshNotes();
}

async function save(form, isDelete) {
  const { habitId, date, note, replaces } = form.elements;
  const errors = isDelete ? [] : findErrors(form);
  if (errors.length > 0) return drawErrors(form, errors);
  const body = { habitId: habitId.value, date: date.value, note: isDelete ? "" : note.value, replaces: replaces?.value ?? null };
  if (!await sendNote(form, body)) return undefined;
  clearDraft();
  await refreshNotes();
  const isDeleted = !body.note.trim();
  announce(isDeleted ? "Note deleted." : "Note saved.", isDeleted ? () => restoreNote(body, body.replaces) : undefined);
  const edit = document.querySelector(`[data-edit-note="${body.date}.${body.habitId}"]`);
  return (edit ?? document.querySelector(".note-new summary"))?.focus();
}

addEventListener("click", handleClick);
addEventListener("submit", (event) => {
  if (!event.target.matches(".note-form")) return;
  event.preventDefault();
  save(event.target, event.submitter?.name === "delete");
});
addEventListener("input", (event) => {
  const form = event.target.closest(".note-form");
  if (form) keepDraft(form);
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing || !editor?.form.contains(event.target)) return;
  event.preventDefault();
  event.stopPropagation();
  editor.form.querySelector("[data-cancel]").click();
}, { capture: true });
restoreDraft(openEditor);
