/** Filters the list of habits while the person types. Without JavaScript, the server filters the same way. */

const RESULT_PAUSE_MS = 300;

const form = document.querySelector("[data-filter]");
const field = form?.elements.q;
const result = form?.querySelector("[data-matches]");

let timer;

function filterRows() {
  const wanted = field.value.trim().toLowerCase();
  const rows = [...document.querySelectorAll(".habit-list [data-habit]")];
  for (const row of rows) row.hidden = !row.dataset.habitTitle.toLowerCase().includes(wanted);
  const shown = rows.filter((row) => !row.hidden).length;
  const text = shown === 0 ? "No habit matches." : `${shown} of ${rows.length} shown`;
  // Screen readers announce the result once typing pauses.
  clearTimeout(timer);
  timer = setTimeout(() => { result.textContent = wanted ? text : ""; }, RESULT_PAUSE_MS);
  const address = new URL(location);
  if (wanted) address.searchParams.set("q", field.value.trim());
  else address.searchParams.delete("q");
  history.replaceState(history.state, "", address);
}

export function startHabitFilter() {
  field.addEventListener("input", filterRows);
  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !field.value) return;
    field.value = "";
    filterRows();
  });
  // After a reload and after the back button, browsers restore what was typed.
  addEventListener("pageshow", filterRows);
}
