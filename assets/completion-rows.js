/** The habits of the day on the page, one form for each, and what they show. */

/** The list of the day, on /today and beside the calendar. */
export const day = document.querySelector("[data-day]");
export const listForms = () => [...document.querySelectorAll("form[data-completion]")];

export const findCheckbox = (form) => form.querySelector(".completion");
export const isCompleted = (form) => findCheckbox(form).getAttribute("aria-checked") === "true";
export const isPending = (form) => form.parentElement.dataset.pending === "true";
export const findForm = (habitId, dateKey) =>
  listForms().find(({ elements }) => elements.habitId.value === habitId && elements.date.value === dateKey);

/** Makes the form's next submission the opposite of what its row shows. */
export function prepareSubmission(form) {
  form.elements.completed.value = String(!isCompleted(form));
}

/** Shows the row as completed or open. */
export function drawCompletion(form, isDone) {
  findCheckbox(form).setAttribute("aria-checked", String(isDone));
  prepareSubmission(form);
  drawProgress();
}

/** The step of intensity of a day, as `Intensity` on the server. */
function intensityLevel(done, total) {
  const percent = Math.round(100 * done / total);
  return done === 0 ? 0 : done === total ? 4 : percent >= 70 ? 3 : percent >= 40 ? 2 : 1;
}

/** Updates the progress of the day and its cell in the calendar. */
function drawProgress() {
  const total = day.querySelectorAll(".completion").length;
  const done = day.querySelectorAll('.completion[aria-checked="true"]').length;
  const isComplete = total > 0 && done === total;
  const count = `${done}/${total}`;
  const label = `${done} of ${total} done`;
  day.querySelector("[data-count]").textContent = label;
  const progress = day.querySelector("progress");
  progress.value = done;
  progress.textContent = count;
  const message = day.querySelector("[data-complete]");
  message.hidden = !isComplete;
  message.textContent = isComplete ? message.dataset.complete : "";
  day.classList.toggle("is-complete", isComplete);
  const cell = document.querySelector(`.grid a[data-date-key="${day.dataset.day}"]`);
  if (!cell) return;
  cell.parentElement.querySelector("[data-cell-count]").textContent = count;
  cell.parentElement.querySelector("[data-cell-label]").textContent = label;
  cell.dataset.level = intensityLevel(done, total);
  cell.toggleAttribute("data-complete", isComplete);
  if (isComplete) cell.dataset.complete = "true";
}

/** Shows an error below the row, or clears it if `message` is empty. */
export function drawError(form, message) {
  const error = form.querySelector(".fault");
  error.textContent = message;
  error.hidden = !message;
  if (message) findCheckbox(form).setAttribute("aria-describedby", error.id);
  else findCheckbox(form).removeAttribute("aria-describedby");
}

/** Marks a row or a cell as not synced, or clears the mark. The label is added to `parent`. */
function drawPendingMark(element, parent, isMarked) {
  if (isMarked === (element.dataset.pending === "true")) return;
  if (isMarked) {
    element.dataset.pending = "true";
    const label = document.createElement("span");
    label.className = "pending";
    label.textContent = "not synced yet";
    parent.append(label);
  } else {
    delete element.dataset.pending;
    parent.querySelector(".pending")?.remove();
  }
}

/** Marks the rows and calendar cells that have pending completions. */
export function drawPending(pending) {
  for (const form of listForms()) {
    const { habitId, date } = form.elements;
    const isMarked = pending.some((completion) => completion.habitId === habitId.value && completion.dateKey === date.value);
    drawPendingMark(form.parentElement, form.querySelector(".completion-status"), isMarked);
    if (isMarked) findCheckbox(form).dataset.pending = "true";
    else delete findCheckbox(form).dataset.pending;
  }
  for (const cell of document.querySelectorAll(".grid a[data-date-key]")) {
    const isMarked = pending.some(({ dateKey }) => dateKey === cell.dataset.dateKey);
    drawPendingMark(cell, cell.parentElement, isMarked);
  }
}

/** Replaces the state and the streak of a row by those of the same habit in a newer page. The state stays while `isChanging`. */
export function drawNewerRow(form, page, isChanging) {
  const newForm = page.querySelector(`form[data-completion] [name=habitId][value="${form.elements.habitId.value}"]`)?.closest("form");
  if (newForm?.elements.date.value !== form.elements.date.value) return;
  if (!isChanging && isCompleted(newForm) !== isCompleted(form)) drawCompletion(form, isCompleted(newForm));
  form.querySelector(".completion-streak")?.remove();
  const newStreak = newForm.querySelector(".completion-streak");
  if (newStreak) form.querySelector(".completion-status").prepend(newStreak);
}
