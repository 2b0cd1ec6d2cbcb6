/**
 * Sends completions and entries to the server. Those that cannot be sent wait in IndexedDB, with their account and time, until the server is
 * reachable again.
 */

import { callApi, leaveToSignIn, OFFLINE_MESSAGE } from "./requests.js";

const STORE = "completionQueue";
const FIRST_RETRY_DELAY_MS = 1000;
const MAX_RETRY_DELAY_MS = 30 * 1000;
/** Spreads the retries of many browsers after an outage. */
const MAX_RETRY_JITTER_MS = 250;
/** Statuses that do not change when the request is repeated. */
const PERMANENT_ERRORS = [400, 404, 422];

const { member } = document.body.dataset;

/**
 * Sends a completion. `today` is the day of the list of today in which it was made. Returns `{ status, data }` or
 * `{ status, error }`; the status is 0 if Atlas did not answer.
 *
 * A queued completion has `updatedAt` and is sent with its age: the server judges it by the time it was made, and an age does not
 * depend on the device's clock. The age is rounded down, so that no change seems older than the one before it.
 */
export async function sendCompletion({ habitId, dateKey, today, completed, updatedAt }) {
  const secondsAgo = updatedAt === undefined ? 0 : Math.max(0, Math.floor((Date.now() - updatedAt) / 1000));
  const body = { habitId, date: dateKey, today, completed, secondsAgo, userId: member };
  const answer = await callApi("POST", "/api/completions", body);
  const result = answer.data?.result;
  const isAnswered = answer.error || (result?.status && result.habitId === habitId && result.date === dateKey);
  return isAnswered ? answer : { status: 0, error: { message: OFFLINE_MESSAGE } };
}

/** Sends an entry. Returns as {@link sendCompletion}. */
export async function sendEntry({ id, habitId, dateKey, today, amount, updatedAt }) {
  const secondsAgo = Math.max(0, Math.floor((Date.now() - updatedAt) / 1000));
  const body = { id, habitId, date: dateKey, today, amount, secondsAgo, userId: member };
  const answer = await callApi("POST", "/api/entries", body);
  const isAnswered = answer.error || answer.data?.result?.id === id;
  return isAnswered ? answer : { status: 0, error: { message: OFFLINE_MESSAGE } };
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

/** Queues a completion that was made at `updatedAt`. It replaces a queued one for the same habit and day. */
export async function enqueueCompletion({ habitId, dateKey, completed, updatedAt }) {
  const store = await openStore("readwrite");
  const key = `${member}:${habitId}:${dateKey}`;
  const existing = await waitFor(store.get(key));
  const createdAt = existing?.createdAt ?? updatedAt;
  await waitFor(store.put({ key, member, habitId, dateKey, completed, createdAt, updatedAt }));
}

const entryKey = (id) => `${member}:entry:${id}`;

/** Queues an entry. */
export async function enqueueEntry(entry) {
  const store = await openStore("readwrite");
  await waitFor(store.put({ ...entry, key: entryKey(entry.id), member, createdAt: entry.updatedAt }));
}

/** Removes an entry from the queue. Returns whether it was there. */
export async function removeQueuedEntry(id) {
  const store = await openStore("readwrite");
  const isQueued = Boolean(await waitFor(store.get(entryKey(id))));
  if (isQueued) await waitFor(store.delete(entryKey(id)));
  return isQueued;
}

/** Whether a change of the queue is an entry rather than a completion. */
export const isEntry = (change) => change.amount !== undefined;

/** The account's queued completions and entries, oldest first. */
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

/** Removes a change that was sent, unless it was changed in the meantime. Returns whether it was removed. */
async function removeSent(change) {
  const store = await openStore("readwrite");
  const current = await waitFor(store.get(change.key));
  const isUnchanged = current?.updatedAt === change.updatedAt;
  if (isUnchanged) await waitFor(store.delete(change.key));
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

/** Sends one queued change. Returns whether the next one may follow. */
async function replayChange(change) {
  const answer = await (isEntry(change) ? sendEntry : sendCompletion)(change);
  if (answer.error && !PERMANENT_ERRORS.includes(answer.status)) {
    // After the person has signed in, a new page replays the queue. With 403 someone else is signed in.
    if (answer.status === 401) await leaveToSignIn();
    if (answer.status !== 403) scheduleRetry();
    return false;
  }
  failures = 0;
  if (await removeSent(change)) onReplayed?.(change, answer);
  else mustRepeat = true;
  return true;
}

/** Sends the queued changes one by one. */
async function replayQueue() {
  if (isReplaying) {
    mustRepeat = true;
    return;
  }
  isReplaying = true;
  do {
    mustRepeat = false;
    for (const change of await listPending()) if (!await replayChange(change)) break;
  } while (mustRepeat);
  isReplaying = false;
}

/** Replays the queue now and whenever the browser comes online. Calls `callback(change, answer)` for each completion and entry
 *  that the server has answered. */
export function startReplay(callback) {
  onReplayed = callback;
  addEventListener("online", () => {
    failures = 0;
    replayQueue();
  });
  replayQueue();
}
