/**
 * Ticks on their way to the server. What cannot be sent waits in this browser, bound to who made it and when, and is sent
 * when Atlas can be reached again.
 */

import { reason } from "./answers.js";

const STORE = "completionQueue";
const PATIENCE = 15 * 1000;
const LONGEST_PAUSE = 30 * 1000;
/** Answers that asking again will not change. */
const FINAL = [400, 404, 422];

const { member } = document.body.dataset;

/** Sends one tick. One that waited carries its age, so that it counts for the time it was made. */
export function send({ habitId, dateKey, completed, updatedAt }) {
  const secondsAgo = updatedAt === undefined ? 0 : Math.max(0, Math.round((Date.now() - updatedAt) / 1000));
  return fetch("/api/completions", {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ habitId, date: dateKey, completed, secondsAgo, userId: member }),
    // A tick on the way out of the page still arrives.
    keepalive: true,
    signal: AbortSignal.timeout(PATIENCE),
  });
}

const finished = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("atlas-offline", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function store(mode) {
  return (await open()).transaction(STORE, mode).objectStore(STORE);
}

const keyOf = ({ habitId, dateKey }) => `${member}:${habitId}:${dateKey}`;

/** Keeps a tick until it can be sent. A later one for the same habit and day takes its place. */
export async function enqueue({ habitId, dateKey, completed }) {
  const ticks = await store("readwrite");
  const key = keyOf({ habitId, dateKey });
  const known = await finished(ticks.get(key));
  const updatedAt = Date.now();
  const createdAt = known?.createdAt ?? updatedAt;
  await finished(ticks.put({ key, member, habitId, dateKey, completed, createdAt, updatedAt }));
}

/** This person's ticks that wait, oldest first. */
export async function waiting() {
  if (!member) return [];
  try {
    const all = await finished((await store("readonly")).getAll());
    return all.filter((tick) => tick.member === member).sort((one, other) => one.updatedAt - other.updatedAt);
  } catch {
    return []; // A browser that stores nothing has nothing waiting.
  }
}

/** Forgets a tick, unless it was changed while it was on its way. */
async function drop(tick) {
  const ticks = await store("readwrite");
  const now = await finished(ticks.get(tick.key));
  const isSame = now?.updatedAt === tick.updatedAt;
  if (isSame) await finished(ticks.delete(tick.key));
  return isSame;
}

let watcher;
let isSending = false;
let isAskedAgain = false;
let failures = 0;
let next;

function sendLater() {
  failures += 1;
  clearTimeout(next);
  next = setTimeout(replay, Math.min(LONGEST_PAUSE, 1000 * 2 ** failures) + Math.random() * 250);
}

/** Sends one tick that waited. Answers whether the next one may follow. */
async function sendNow(tick) {
  let response;
  try {
    response = await send(tick);
  } catch {
    sendLater();
    return false;
  }
  if (!response.ok && !FINAL.includes(response.status)) {
    // Whoever has to sign in first comes back with a new page, which begins anew.
    if (![401, 403].includes(response.status)) sendLater();
    return false;
  }
  failures = 0;
  const why = response.ok ? "" : await reason(response);
  if (await drop(tick)) watcher?.(tick, why);
  else isAskedAgain = true;
  return true;
}

/** Sends what waits, one by one. Only one page of a browser does so at a time. */
export async function replay() {
  if (isSending) {
    isAskedAgain = true;
    return;
  }
  isSending = true;
  do {
    isAskedAgain = false;
    for (const tick of await waiting()) if (!await sendNow(tick)) break;
  } while (isAskedAgain);
  isSending = false;
}

/** Begins to send what waits, and tells `settled(tick, why)` of each; `why` is empty when it was kept. */
export function watch(settled) {
  watcher = settled;
  addEventListener("online", () => {
    failures = 0;
    replay();
  });
  replay();
}
