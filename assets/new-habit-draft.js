/** Keeps a half-typed new habit while this tab shows other pages: another habit's form, say, or the sign-in page. */

const KEY = "atlas-new-habit";

const form = document.querySelector(".new-habit form");
const { member } = document.body.dataset;

const isChoice = (field) => field.type === "checkbox" || field.type === "radio";
const findFields = () => [...form.elements].filter((field) => field.name);

/** `isSent` says that the form was sent. Whether the habit was created, only the next page shows. */
function save(isSent) {
  sessionStorage.setItem(KEY, JSON.stringify({ member, fields: [...new FormData(form)], isSent }));
}

function restore(fields) {
  for (const field of findFields()) {
    const values = fields.filter(([name]) => name === field.name).map(([, value]) => value);
    if (!isChoice(field)) field.value = values[0] ?? "";
    else if (field.checked !== values.includes(field.value)) {
      field.checked = !field.checked;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
}

/** An entry of another version of Atlas has no fields. */
function readDraft() {
  const draft = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  return draft?.member === member && draft.fields ? draft : undefined;
}

export function startNewHabitDraft() {
  const draft = readDraft();
  const typed = Object.fromEntries(draft?.fields ?? []);
  const titles = [...document.querySelectorAll("[data-habit-title]")].map((row) => row.dataset.habitTitle);
  const isCreated = draft?.isSent && titles.includes(typed.title.trim());
  const isEmpty = form.elements.title.value === "" && form.elements.description.value === "";
  if (!draft || isCreated) sessionStorage.removeItem(KEY);
  // After an error, the server has filled in the form.
  else if (isEmpty) restore(draft.fields);
  form.addEventListener("input", () => save(false));
  form.addEventListener("submit", () => save(true));
}
