/**
 * Sends completions to the server. Those that cannot be sent wait in IndexedDB, with their account and time, until the server is
 * reachable again.
 */

import { readErrorMessage } from "./api-error.js";

const STORE = "completionQueue";
const REQUEST_TIMEOUT_MS = 15 * 1000;
const FIRST_RETRY_DELAY_MS = 1000;
const MAX_RETRY_DELAY_MS = 30 * 1000;
/** Spreads the retries of many browsers after an outage. */
const MAX_RETRY_JITTER_MS = 250;
/** Statuses that do not change when the request is repeated. */
const PERMANENT_ERRORS = [400, 404, 422];
const SIGN_IN_ERRORS = [401, 403];

const { member } = document.body.dataset;

/** Sends a completion. A queued one is sent with its age: the server judges it by the time it was made, and an age does not
 *  depend on the device's clock. */
export function sendCompletion({ habitId, dateKey, completed, updatedAt }) {
  const secondsAgo = updatedAt === undefined ? 0 : Math.max(0, Math.round((Date.now() - updatedAt) / 1000));
  return fetch("/api/completions", {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ habitId, date: dateKey, completed, secondsAgo, userId: member }),
    // The request outlives the page.
    keepalive: true,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
}

const waitFor = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

let database;

function openDatabase() {
  database ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("atlas-offline", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return database;
}

async function openStore(mode) {
  return (await openDatabase()).transaction(STORE, mode).objectStore(STORE);
}

/** Queues a completion. It replaces a queued one for the same habit and day. */
export async function enqueueCompletion({ habitId, dateKey, completed }) {
  const store = await openStore("readwrite");
  const key = `${member}:${habitId}:${dateKey}`;
  const existing = await waitFor(store.get(key));
  const updatedAt = Date.now();
  const createdAt = existing?.createdAt ?? updatedAt;
  await waitFor(store.put({ key, member, habitId, dateKey, completed, createdAt, updatedAt }));
}

/** The account's queued completions, oldest first. */
export async function listPending() {
  if (!member) return [];
  try {
    const all = await waitFor((await openStore("readonly")).getAll());
    // Other accounts of this browser have their own entries.
    return all.filter((completion) => completion.member === member).sort((one, other) => one.updatedAt - other.updatedAt);
  } catch {
    return []; // Without IndexedDB nothing can be queued.
  }
}

/** Removes a completion that was sent, unless it was changed in the meantime. Returns whether it was removed. */
async function removeSent(completion) {
  const store = await openStore("readwrite");
  const current = await waitFor(store.get(completion.key));
  const isUnchanged = current?.updatedAt === completion.updatedAt;
  if (isUnchanged) await waitFor(store.delete(completion.key));
  return isUnchanged;
}

let onReplayed;
let isReplaying = false;
let mustRepeat = false;
let failures = 0;
let retryTimer;

function scheduleRetry() {
  failures += 1;
  clearTimeout(retryTimer);
  const delay = Math.min(MAX_RETRY_DELAY_MS, FIRST_RETRY_DELAY_MS * 2 ** failures);
  retryTimer = setTimeout(replayQueue, delay + Math.random() * MAX_RETRY_JITTER_MS);
}

/** Sends one queued completion. Returns whether the next one may follow. */
async function replayCompletion(completion) {
  let response;
  try {
    response = await sendCompletion(completion);
  } catch {
    scheduleRetry();
    return false;
  }
  if (!response.ok && !PERMANENT_ERRORS.includes(response.status)) {
    // Signing in loads a new page, which replays the queue again.
    if (!SIGN_IN_ERRORS.includes(response.status)) scheduleRetry();
    return false;
  }
  failures = 0;
  const error = response.ok ? "" : await readErrorMessage(response);
  if (await removeSent(completion)) onReplayed?.(completion, error);
  else mustRepeat = true;
  return true;
}

/** Sends the queued completions one by one. */
async function replayQueue() {
  if (isReplaying) {
    mustRepeat = true;
    return;
  }
  isReplaying = true;
  do {
    mustRepeat = false;
    for (const completion of await listPending()) if (!await replayCompletion(completion)) break;
  } while (mustRepeat);
  isReplaying = false;
}

/** Replays the queue now and whenever the browser comes online. Calls `callback(completion, error)` for each completion that the
 *  server has answered; `error` is empty if it was accepted. */
export function startReplay(callback) {
  onReplayed = callback;
  addEventListener("online", () => {
    failures = 0;
    replayQueue();
  });
  replayQueue();
}
