/** Completing habits without loading a new page, online and offline. */

import { addAmount, drawAdded, isSending } from "./amounts.js";
import { announce, announceOnNextPage, reloadPage } from "./announce.js";
import * as rows from "./completion-rows.js";
import { checkCompletionWindow } from "./completion-window.js";
import { checkDay, hasNewDay, startDayTurn } from "./day-turn.js";
import { refreshPage, refreshRows, startPageRefresh } from "./page-refresh.js";
import { formatDay, startRowKeys } from "./past-days.js";
import { enqueueCompletion, isEntry, listPending, sendCompletion, startReplay } from "./queue.js";
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

/** Saves a state on the server, or in the offline queue when the server cannot be reached or the session has ended. */
async function saveCompletion(control, isDone) {
  const completion = { ...rows.readControl(control), completed: isDone };
  const today = rows.findList().elements.today?.value;
  const updatedAt = Date.now();
  let answer = { status: 0 };
  // While a completion of the control is queued, later ones are queued too. Sent directly, they could be overwritten by it.
  if (navigator.onLine && !rows.isPending(control)) answer = await sendCompletion({ ...completion, today });
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

/** "Marked as done.", with the day if it is not the listed one, and what the page says if everything is done now. */
function describeChange(control, isDone) {
  const { dateKey } = rows.readControl(control);
  const change = isDone ? "Marked as done" : "Marked as not done";
  if (dateKey !== rows.day.dataset.day) return `${change} for ${formatDay(dateKey)}.`;
  const message = rows.readCompleteMessage();
  return isDone && message ? `${change}. ${message}.` : `${change}.`;
}

/** For each control with a request in flight: the saved state, and the state the person wants. */
const savingControls = new Map();

/** Toggles a control at once, then saves it. A control has one request in flight; clicks during it change only the desired state,
 *  and the last desired state is saved. */
async function toggleCompletion(control, isUndo = false) {
  if (hasNewDay()) {
    if (!await checkDay(NEW_DAY_MESSAGE)) announce(NEW_DAY_MESSAGE);
    return;
  }
  const saving = savingControls.get(control) ?? { saved: rows.isCompleted(control) };
  saving.desired = !rows.isCompleted(control);
  rows.drawCompletion(control, saving.desired);
  rows.drawError(control, "");
  if (savingControls.has(control)) return;

  savingControls.set(control, saving);
  let result = { error: "", isSynced: true };
  while (!result.error && saving.saved !== saving.desired) {
    const requested = saving.desired;
    result = await saveCompletion(control, requested);
    if (!result.error) saving.saved = requested;
  }
  savingControls.delete(control);

  if (result.error && saving.saved !== saving.desired) {
    rows.drawCompletion(control, saving.saved);
    rows.drawError(control, result.error);
    announce(result.error);
    return;
  }
  const change = describeChange(control, saving.saved);
  const message = result.isSynced ? change : `${change} It'll sync when you're back online.`;
  announce(message, isUndo ? undefined : () => {
    control.focus();
    toggleCompletion(control, true);
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
  if (isEntry(completion)) return handleSentEntry(completion, error, pending);
  const isSuperseded = data?.result.status === "noop" && !await isSaved(completion);
  const control = rows.findControl(completion.habitId, completion.dateKey);
  if (control && (error || isSuperseded)) rows.drawCompletion(control, !completion.completed);
  if (control && error) rows.drawError(control, error.message);
  if (error) announce(error.message);
  else if (isSuperseded) announce("A change you made later was kept.");
  else if (pending.length === 0) announce("All synced.");
  if (pending.length === 0) refreshPage();
  return undefined;
}

/** Updates the page after the server has answered an entry of the queue. */
function handleSentEntry({ habitId, dateKey, amount }, error, pending) {
  const control = rows.findControl(habitId, dateKey);
  if (control && error) {
    drawAdded(control, -1000 * Number(amount));
    rows.drawError(control, error.message);
  }
  if (error) announce(error.message);
  else if (pending.length === 0) announce("All synced.");
  if (pending.length === 0) refreshPage();
}

/** After an entry was queued: marks its row, and waits for the server. */
async function handleQueued() {
  await refreshPending();
  watchQueue();
}

let isWatching = false;

function watchQueue() {
  if (isWatching) return;
  isWatching = true;
  startReplay(handleReplayed);
}

/** On the first visit the service worker starts after the page was loaded, and has no copy of the list yet. Fetching a newer page
 *  makes it store one. */
async function storeFirstCopy() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  if (!serviceWorker.controller) {
    await new Promise((resolve) => serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
  }
  if (!await caches.match("/today")) await refreshRows();
}

export async function startCompletions() {
  if (rows.day) startPageRefresh((control) => savingControls.has(control) || isSending(control) || rows.isPending(control));
  startDayTurn(() => savingControls.size > 0);
  // Offline, the list of a new day has replaced that of the page.
  const list = rows.findList();
  if (!list) return;
  startRowKeys(list);
  list.addEventListener("submit", (event) => {
    const { submitter } = event;
    if (submitter.name === "skip") return;
    event.preventDefault();
    if (submitter.name === "add") addAmount(submitter, { onQueued: handleQueued, onSaved: refreshRows });
    else toggleCompletion(submitter);
  });

  storeFirstCopy();
  const pending = await refreshPending();
  for (const change of pending) {
    const { habitId, dateKey, completed } = change;
    const control = rows.findControl(habitId, dateKey);
    if (control && isEntry(change)) drawAdded(control, 1000 * Number(change.amount));
    else if (control && rows.isCompleted(control) !== completed) rows.drawCompletion(control, completed);
  }
  if (pending.length > 0) watchQueue();
}
