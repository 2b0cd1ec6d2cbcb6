/** Keeps a half-typed new habit while this tab shows other pages: another habit's form, say, or the sign-in page. */

const KEY = "atlas-new-habit";

const form = document.querySelector(".new-habit form");
const { member } = document.body.dataset;

/** `isSent` says that the form was sent. Whether the habit was created, only the next page shows. */
function save(isSent) {
  const { title, description, color, emoji } = form.elements;
  const typed = { title: title.value, description: description.value, color: color.value, emoji: emoji.value };
  const weekdays = new FormData(form).getAll("weekdays");
  sessionStorage.setItem(KEY, JSON.stringify({ member, ...typed, weekdays, isSent }));
}

function restore({ title, description, color, emoji, weekdays }) {
  form.elements.title.value = title;
  form.elements.description.value = description;
  form.elements.color.value = color;
  form.elements.emoji.value = emoji;
  for (const checkbox of form.querySelectorAll("[name=weekdays]")) {
    checkbox.checked = weekdays.includes(checkbox.value);
    checkbox.dispatchEvent(new Event("change"));
  }
}

export function startNewHabitDraft() {
  const draft = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  const titles = [...document.querySelectorAll("[data-habit-title]")].map((row) => row.dataset.habitTitle);
  const isCreated = draft?.isSent && titles.includes(draft.title.trim());
  const isEmpty = form.elements.title.value === "" && form.elements.description.value === "";
  if (!draft || draft.member !== member || isCreated) sessionStorage.removeItem(KEY);
  // After an error, the server has filled in the form.
  else if (isEmpty) restore(draft);
  form.addEventListener("input", () => save(false));
  form.addEventListener("submit", () => save(true));
  // The next person at this browser must not find it.
  document.querySelector("form[action='/sign-out']")?.addEventListener("submit", () => sessionStorage.removeItem(KEY));
}
