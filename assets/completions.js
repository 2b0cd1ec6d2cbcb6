/** Completing habits without loading a new page, online and offline. */

import { announce, announceOnNextPage, reloadPage } from "./announce.js";
import * as rows from "./completion-rows.js";
import { checkCompletionWindow } from "./completion-window.js";
import { checkDay, hasNewDay, startDayTurn } from "./day-turn.js";
import { refreshPage, refreshRows, startPageRefresh } from "./page-refresh.js";
import { enqueueCompletion, listPending, sendCompletion, startReplay } from "./queue.js";
import { callApi, leaveToSignIn, OFFLINE_MESSAGE } from "./requests.js";

const NEW_DAY_MESSAGE = "A new day has begun, so nothing was changed.";
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

/** Saves the state of a row on the server, or in the offline queue when the server cannot be reached or the session has ended. */
async function saveCompletion(form, isDone) {
  const { habitId, date, today } = form.elements;
  const completion = { habitId: habitId.value, dateKey: date.value, completed: isDone };
  const updatedAt = Date.now();
  let answer = { status: 0 };
  // While a completion of the row is queued, later ones are queued too. Sent directly, they could be overwritten by it.
  if (navigator.onLine && !rows.isPending(form)) answer = await sendCompletion({ ...completion, today: today?.value });
  if (answer.data) return { error: "", isSynced: true };
  if (answer.error?.fields?.some(({ field }) => field === "today")) {
    reloadPage(answer.error.message);
    return new Promise(() => {}); // The browser leaves the page, so the row must not change anymore.
  }
  if (answer.status !== 0 && answer.status !== 401) return { error: answer.error.message, isSynced: false };
  const error = await saveOffline({ ...completion, updatedAt });
  if (answer.status === 401) {
    if (!error) announceOnNextPage("Sign in to save your change.");
    await leaveToSignIn();
  }
  return { error, isSynced: false };
}

/** For each form with a request in flight: the saved state, and the state the person wants. */
const savingRows = new Map();

/** Toggles a row at once, then saves it. A row has one request in flight; clicks during it change only the desired state, and
 *  the last desired state is saved. */
async function toggleCompletion(form, isUndo = false) {
  if (hasNewDay()) {
    if (!await checkDay(NEW_DAY_MESSAGE)) announce(NEW_DAY_MESSAGE);
    return;
  }
  const row = savingRows.get(form) ?? { saved: rows.isCompleted(form) };
  row.desired = !rows.isCompleted(form);
  rows.drawCompletion(form, row.desired);
  rows.drawError(form, "");
  if (savingRows.has(form)) return;

  savingRows.set(form, row);
  let result = { error: "", isSynced: true };
  while (!result.error && row.saved !== row.desired) {
    const requested = row.desired;
    result = await saveCompletion(form, requested);
    if (!result.error) row.saved = requested;
  }
  savingRows.delete(form);

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
  if (result.isSynced) await refreshRows();
  else watchQueue();
}

/** Whether the server has the state of a completion, or cannot be asked. */
async function isSaved({ habitId, dateKey, completed }) {
  const { data } = await callApi("GET", `/api/completions?date=${dateKey}`);
  return !data || data.completions.some((other) => other.habitId === habitId) === completed;
}

/** Updates the page after the server has answered a completion of the queue. A completion that was made before the habit's last
 *  change for that day changes nothing. */
async function handleReplayed(completion, { data, error }) {
  const pending = await refreshPending();
  const isSuperseded = data?.result.status === "noop" && !await isSaved(completion);
  const form = rows.findForm(completion.habitId, completion.dateKey);
  if (form && (error || isSuperseded)) rows.drawCompletion(form, !completion.completed);
  if (form && error) rows.drawError(form, error.message);
  if (error) announce(error.message);
  else if (isSuperseded) announce("A change you made later was kept.");
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
  if (rows.day) startPageRefresh((form) => savingRows.has(form) || rows.isPending(form));
  startDayTurn(() => savingRows.size > 0);
  if (!rows.day) return;
  for (const form of rows.listForms()) {
    // Browsers may restore an old value of the hidden field. The row as drawn by the server is right.
    rows.prepareSubmission(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      toggleCompletion(form);
    });
  }

  const pending = await refreshPending();
  for (const { habitId, dateKey, completed } of pending) {
    const form = rows.findForm(habitId, dateKey);
    if (form && rows.isCompleted(form) !== completed) rows.drawCompletion(form, completed);
  }
  if (pending.length > 0) watchQueue();
  // On the first visit the service worker starts after the page was loaded, so it has no copy of the list yet.
  if (navigator.serviceWorker && !navigator.serviceWorker.controller) {
    navigator.serviceWorker.addEventListener("controllerchange", refreshRows, { once: true });
  }
}
