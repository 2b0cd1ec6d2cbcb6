/** Completing habits without loading a new page, online and offline. */

import { announce } from "./announce.js";
import { OFFLINE_MESSAGE, readErrorMessage } from "./api-error.js";
import * as rows from "./completion-rows.js";
import { checkCompletionWindow } from "./completion-window.js";
import { refreshPage, refreshStreaks, startPageRefresh } from "./page-refresh.js";
import { enqueueCompletion, listPending, sendCompletion, startReplay } from "./queue.js";

const WINDOW_MESSAGES = {
  open: "",
  future: "You can't complete future days.",
  closed: "You can't edit this day anymore.",
};

/** Returns why a day cannot be changed, or "". The server decides again. */
function explainWindow(dateKey) {
  const { zone, backfill } = document.body.dataset;
  try {
    return WINDOW_MESSAGES[checkCompletionWindow(dateKey, new Date(), zone, backfill)];
  } catch {
    return ""; // The browser does not know the time zone. The server does.
  }
}

/** Draws the marks of pending completions and returns these. */
async function refreshPending() {
  const pending = await listPending();
  rows.drawPending(pending);
  return pending;
}

/** Puts a completion into the offline queue. Returns an error message, or "". */
async function saveOffline(completion) {
  const error = explainWindow(completion.dateKey);
  if (error) return error;
  try {
    await enqueueCompletion(completion);
  } catch {
    return OFFLINE_MESSAGE;
  }
  await refreshPending();
  return "";
}

/** Saves the state of a row on the server, or in the offline queue when the server cannot be reached. */
async function saveCompletion(form, isDone) {
  const completion = { habitId: form.elements.habitId.value, dateKey: form.elements.date.value, completed: isDone };
  let response;
  // While a completion of the row is queued, later ones are queued too. Sent directly, they could be overwritten by it.
  if (navigator.onLine && !rows.isPending(form)) response = await sendCompletion(completion).catch(() => undefined);
  if (!response) return { error: await saveOffline(completion), isSynced: false };
  if (response.ok) return { error: "", isSynced: true };
  if (response.status === 401) {
    location.assign(`/sign-in?from=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {}); // The browser leaves the page, so the row must not change any more.
  }
  return { error: await readErrorMessage(response), isSynced: false };
}

/** For each form: the saved state, the state the person wants, and whether a request is in flight. */
const rowStates = new WeakMap();

/** Toggles a row at once, then saves it. A row has one request in flight; clicks during it change only the desired state, and
 *  the last desired state is saved. */
async function toggleCompletion(form, isUndo = false) {
  const row = rowStates.get(form) ?? { saved: rows.isCompleted(form), isSaving: false };
  rowStates.set(form, row);
  row.desired = !rows.isCompleted(form);
  rows.drawCompletion(form, row.desired);
  rows.drawError(form, "");
  if (row.isSaving) return;

  row.isSaving = true;
  let result = { error: "", isSynced: true };
  while (!result.error && row.saved !== row.desired) {
    const requested = row.desired;
    result = await saveCompletion(form, requested);
    if (!result.error) row.saved = requested;
  }
  row.isSaving = false;

  if (result.error && row.saved !== row.desired) {
    rows.drawCompletion(form, row.saved);
    rows.drawError(form, result.error);
    announce(result.error);
    return;
  }
  const change = row.saved ? "Marked as done." : "Marked as not done.";
  const message = result.isSynced ? change : `${change} It'll sync when you're back online.`;
  announce(message, isUndo ? undefined : () => {
    rows.findCheckbox(form).focus();
    toggleCompletion(form, true);
  });
  if (result.isSynced) await refreshStreaks();
  else watchQueue();
}

/** Updates the page after the queue has sent a completion; `error` is the server's reason if it refused. */
async function handleReplayed(completion, error) {
  const pending = await refreshPending();
  const form = rows.findForm(completion.habitId, completion.dateKey);
  if (form && error) {
    rows.drawCompletion(form, !completion.completed);
    rowStates.delete(form);
    rows.drawError(form, error);
  }
  if (error) announce(error);
  else if (pending.length === 0) announce("All synced.");
  if (pending.length === 0) refreshPage();
}

let isWatching = false;

function watchQueue() {
  if (isWatching) return;
  isWatching = true;
  startReplay(handleReplayed);
}

export async function startCompletions() {
  if (!rows.day) return;
  for (const form of rows.forms) {
    // Browsers may restore an old value of the hidden field. The row as drawn by the server is right.
    rows.prepareSubmission(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      toggleCompletion(form);
    });
  }
  startPageRefresh();

  const pending = await refreshPending();
  for (const { habitId, dateKey, completed } of pending) {
    const form = rows.findForm(habitId, dateKey);
    if (form && rows.isCompleted(form) !== completed) rows.drawCompletion(form, completed);
  }
  if (pending.length > 0) watchQueue();
  // On the first visit the service worker starts after the page was loaded, so it has no copy of the list yet.
  if (navigator.serviceWorker && !navigator.serviceWorker.controller) {
    navigator.serviceWorker.addEventListener("controllerchange", refreshStreaks, { once: true });
  }
}
