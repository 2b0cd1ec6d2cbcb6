/** Filters the list of habits by name and tag while the person types. Without JavaScript, the server filters the same way. */

const RESULT_PAUSE_MS = 300;

const form = document.querySelector("[data-filter]");
const field = form?.elements.q;
const tagField = form?.elements.tag;
const result = form?.querySelector("[data-matches]");

let timer;

const hasTag = (row, tag) => !tag || row.dataset.tags?.split(", ").some((each) => each.toLowerCase() === tag);

/** Shows the groups that have a match, unfolded. */
function filterGroups(isFiltered) {
  for (const group of document.querySelectorAll("[data-section]")) {
    const details = group.querySelector("details");
    group.hidden = !group.querySelector("[data-habit]:not([hidden])");
    if (isFiltered && !details.open) {
      details.dataset.found = "";
      details.open = true;
    } else if (!isFiltered && details.dataset.found !== undefined) {
      details.open = false;
      details.addEventListener("toggle", () => delete details.dataset.found, { once: true });
    }
  }
}

function filterRows() {
  const wanted = field.value.trim().toLowerCase();
  const tag = tagField?.value.toLowerCase() ?? "";
  const rows = [...document.querySelectorAll(".habit-list [data-habit]")];
  for (const row of rows) row.hidden = !row.dataset.habitTitle.toLowerCase().includes(wanted) || !hasTag(row, tag);
  filterGroups(Boolean(wanted || tag));
  const shown = rows.filter((row) => !row.hidden).length;
  const text = shown === 0 ? "No habit matches." : `${shown} of ${rows.length} shown`;
  // Screen readers announce the result once typing pauses.
  clearTimeout(timer);
  timer = setTimeout(() => { result.textContent = wanted || tag ? text : ""; }, RESULT_PAUSE_MS);
  const address = new URL(location);
  for (const [name, value] of [["q", field.value.trim()], ["tag", tagField?.value]]) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  history.replaceState(history.state, "", address);
}

/** The shown habits: their links, or the checkboxes of a selection. */
const findResults = () =>
  [...document.querySelectorAll(".habit-list :is(a.habit-title, .habit-choice input)")].filter((result) => result.checkVisibility());

/** The arrow keys lead from the field through the results and back, and Escape clears the filter. */
function handleKey(event) {
  const isInField = event.target === field;
  const results = findResults();
  const index = isInField ? -1 : results.indexOf(event.target);
  if ((!isInField && index < 0) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const next = index + step < 0 ? field : results[index + step];
  if (step && next) {
    event.preventDefault();
    next.focus();
  } else if (event.key === "Escape" && field.value) {
    field.value = "";
    filterRows();
    field.focus();
  }
}

export function startHabitFilter() {
  field.addEventListener("input", filterRows);
  tagField?.addEventListener("change", filterRows);
  // Only the server sorts.
  form.elements.sort?.addEventListener("change", () => form.submit());
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("keydown", handleKey);
  // After a reload and after the back button, browsers restore what was typed.
  addEventListener("pageshow", filterRows);
}
