/** Keeps a half-typed note while this tab shows other pages: the sign-in page, say, after the session has ended. */

const KEY = "atlas-note";

const { member } = document.body.dataset;

export function clearDraft() {
  sessionStorage.removeItem(KEY);
}

export function keepDraft(form) {
  const { habitId, date, note } = form.elements;
  const draft = { member, form: form.dataset.noteForm, habitId: habitId.value, date: date.value, note: note.value };
  sessionStorage.setItem(KEY, JSON.stringify(draft));
}

/** The form for a new note, if it is the one in which the draft was typed. */
function findNewForm(draft) {
  const form = document.querySelector("[data-note-form=new]");
  if (!form || draft.form !== "new" || form.elements.note.value) return undefined;
  const { habitId, date } = form.elements;
  const isSame = habitId.type === "hidden" ? habitId.value === draft.habitId : date.value === draft.date;
  return isSame ? form : undefined;
}

/** Puts the draft back where it was typed. `openEditor` opens the form of the note that a link belongs to. */
export async function restoreDraft(openEditor) {
  // The next person at this browser must not find it.
  document.querySelector("form[action='/sign-out']")?.addEventListener("submit", clearDraft);
  const draft = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  if (draft?.member !== member) return;
  let form = findNewForm(draft);
  const link = document.querySelector(`[data-edit-note="${CSS.escape(draft.form)}"]`);
  if (!form && link) {
    await openEditor(link);
    form = document.querySelector(`[data-note-form="${CSS.escape(draft.form)}"]`);
  }
  if (!form) return;
  const details = form.closest("details");
  if (details) details.open = true;
  for (const name of ["habitId", "date", "note"]) if (form.elements[name].type !== "hidden") form.elements[name].value = draft[name];
}
