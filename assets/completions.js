/** Ticks that answer at once, with or without a connection. */

import { announce } from "./announce.js";
import { UNREACHABLE, reason } from "./answers.js";
import { enqueue, send, waiting, watch } from "./queue.js";

const NOT_YET = "That day has not begun yet, so it cannot be ticked.";
const CLOSED = "That day is closed; it cannot be changed any more.";
const STALE_AFTER = 30 * 60 * 1000;
/** Yesterday stays open until this hour. */
const GRACE_UNTIL_HOUR = 2;

const day = document.querySelector("[data-day]");
const forms = [...document.querySelectorAll("form[data-tick]")];
const { zone, backfill } = document.body.dataset;
const openedAt = Date.now();

/** Asks the server for the page again. By address: the page at hand may answer a POST, which must not be repeated. */
const refresh = () => location.replace(location.pathname + location.search);

/* What the rows show */

const tickOf = (form) => form.querySelector(".tick");
const isTicked = (form) => tickOf(form).getAttribute("aria-checked") === "true";
const cellOf = (dateKey) => document.querySelector(`.grid a[data-date-key="${dateKey}"]`);

/** Draws the row as done or open, and has its form ask for the opposite next. */
function draw(form, done) {
  tickOf(form).setAttribute("aria-checked", String(done));
  form.elements.completed.value = String(!done);
  drawDay();
}

/** Brings count, bar, closing words and the month's cell in line with the rows. */
function drawDay() {
  const all = day.querySelectorAll(".tick").length;
  const done = day.querySelectorAll('.tick[aria-checked="true"]').length;
  const isComplete = all > 0 && done === all;
  day.querySelector("[data-count]").textContent = `${done}/${all}`;
  day.querySelector("progress").value = done;
  day.querySelector("[data-complete]").hidden = !isComplete;
  day.classList.toggle("is-complete", isComplete);
  const cell = cellOf(day.dataset.day);
  if (!cell) return;
  cell.parentElement.querySelector("[data-cell-count]").textContent = `${done}/${all}`;
  cell.toggleAttribute("data-complete", isComplete);
  if (isComplete) cell.dataset.complete = "true";
}

/** Shows below the row why it could not be ticked, or takes that back when `why` is empty. */
function drawFault(form, why) {
  const fault = form.querySelector(".fault");
  fault.textContent = why;
  fault.hidden = !why;
  if (why) tickOf(form).setAttribute("aria-describedby", fault.id);
  else tickOf(form).removeAttribute("aria-describedby");
}

/** Marks an element as waiting for a connection, in words too. */
function drawWaiting(element, place, isWaiting) {
  if (isWaiting === (element.dataset.pending === "true")) return;
  if (isWaiting) {
    element.dataset.pending = "true";
    const words = document.createElement("span");
    words.className = "pending";
    words.textContent = "waiting for a connection";
    place.append(words);
  } else {
    delete element.dataset.pending;
    place.querySelector(".pending")?.remove();
  }
}

/** Brings the marks of what waits in line with the queue. */
async function drawQueue() {
  const ticks = await waiting();
  const isOf = (form) => ({ habitId, dateKey }) =>
    habitId === form.elements.habitId.value && dateKey === form.elements.date.value;
  for (const form of forms) {
    drawWaiting(form.parentElement, form.querySelector(".tick-text"), ticks.some(isOf(form)));
  }
  for (const cell of document.querySelectorAll(".grid a[data-date-key]")) {
    const isWaiting = ticks.some(({ dateKey }) => dateKey === cell.dataset.dateKey);
    drawWaiting(cell, cell.parentElement, isWaiting);
  }
  return ticks;
}

/* The window, for ticks the server cannot judge yet. It judges them again, by the time they were made. */

function clockIn(zone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", hourCycle: "h23",
  });
  const parts = Object.fromEntries(format.formatToParts(new Date()).map(({ type, value }) => [type, value]));
  return { today: `${parts.year}-${parts.month}-${parts.day}`, hour: Number(parts.hour) };
}

function plus(dateKey, days) {
  const date = new Date(`${dateKey}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** Why the day is shut as far as this browser can tell, or "" when it is open. */
function shut(dateKey) {
  let now;
  try {
    now = clockIn(zone);
  } catch {
    return ""; // The server knows a zone that this browser does not.
  }
  if (dateKey > now.today) return NOT_YET;
  const isOpen = dateKey === now.today ||
    (dateKey === plus(now.today, -1) && now.hour < GRACE_UNTIL_HOUR) ||
    (backfill === "week" && dateKey >= plus(now.today, -7)) ||
    backfill === "always";
  return isOpen ? "" : CLOSED;
}

/* Ticking */

/** Per row: what is kept, here or by the server; what the person wants; whether a request is on its way. */
const rows = new WeakMap();

/** Has the row's tick wait. Answers why it may not, or "". */
async function keepHere(tick) {
  const why = shut(tick.dateKey);
  if (why) return why;
  try {
    await enqueue(tick);
  } catch {
    return UNREACHABLE;
  }
  await drawQueue();
  return "";
}

/** Keeps the row as `done`. Answers why that was refused, or "", and whether the server has it. */
async function keep(form, done) {
  const tick = { habitId: form.elements.habitId.value, dateKey: form.elements.date.value, completed: done };
  // A row that waits is sent in order with the others, or an older wish could arrive last.
  const isWaiting = form.parentElement.dataset.pending === "true";
  let response;
  if (navigator.onLine && !isWaiting) response = await send(tick).catch(() => undefined);
  if (!response) return { why: await keepHere(tick), isSent: false };
  if (response.ok) return { why: "", isSent: true };
  if (response.status === 401) {
    location.assign(`/sign-in?from=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {}); // The page is left; the row has nothing more to say.
  }
  return { why: await reason(response), isSent: false };
}

/** Flips a row at once and keeps it so. One request per row at a time; whoever clicks meanwhile only changes the wish, and
 *  the last wish is what ends up kept. */
async function flip(form, isUndo = false) {
  const row = rows.get(form) ?? { kept: isTicked(form), isBusy: false };
  rows.set(form, row);
  row.wanted = !isTicked(form);
  draw(form, row.wanted);
  drawFault(form, "");
  if (row.isBusy) return;

  row.isBusy = true;
  let outcome = { why: "", isSent: true };
  while (!outcome.why && row.kept !== row.wanted) {
    const asked = row.wanted;
    outcome = await keep(form, asked);
    if (!outcome.why) row.kept = asked;
  }
  row.isBusy = false;

  if (outcome.why && row.kept !== row.wanted) {
    draw(form, row.kept);
    drawFault(form, outcome.why);
    announce(outcome.why);
    return;
  }
  const words = isUndo ? "Undone." : row.kept ? "Ticked." : "Unticked.";
  announce(outcome.isSent ? words : `${words} It is sent once Atlas can be reached.`, isUndo ? undefined : () => {
    tickOf(form).focus();
    flip(form, true);
  });
  if (outcome.isSent) await renew();
  else watchQueue();
}

/* Figures only the server knows, and the list that opens without a connection */

let asked = 0;

const pageOf = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

/** Has the service worker's list of today be as it is now. */
async function keepToday(response) {
  if (!("caches" in window) || !navigator.serviceWorker?.controller || response.redirected || !response.ok) return;
  await (await caches.open("atlas-pages")).put("/today", response);
}

/** Fetches the streaks anew. The old ones stay when that fails. */
async function renew() {
  asked += 1;
  const mine = asked;
  try {
    const response = await fetch(location.href, { credentials: "same-origin" });
    const isToday = location.pathname === "/today";
    const today = isToday ? response.clone() : await fetch("/today", { credentials: "same-origin" });
    await keepToday(today);
    const page = await pageOf(response);
    if (mine !== asked) return;
    const panel = document.querySelector("[data-testid=streaks-panel]");
    panel?.replaceWith(page.querySelector("[data-testid=streaks-panel]"));
    for (const form of forms) drawStreak(form, page);
  } catch {
    // Without a connection there is nothing newer to show.
  }
}

function drawStreak(form, page) {
  const fresh = page.querySelector(`[name=habitId][value="${form.elements.habitId.value}"]`)?.closest("form");
  const streak = fresh?.querySelector(".tick-streak");
  const old = form.querySelector(".tick-streak");
  if (old && streak) old.replaceWith(streak);
  else if (old) old.remove();
  else if (streak) form.querySelector(".tick-title").after(streak);
}

/* What waits */

let isWatching = false;

function watchQueue() {
  if (isWatching) return;
  isWatching = true;
  watch(async (tick, why) => {
    const left = await drawQueue();
    const form = forms.find(({ elements }) => elements.habitId.value === tick.habitId && elements.date.value === tick.dateKey);
    if (form && why) {
      draw(form, !tick.completed);
      rows.delete(form);
      drawFault(form, why);
    }
    if (why) announce(why);
    else if (left.length === 0) announce("Everything that waited is sent.");
    if (left.length === 0) comeBack();
  });
}

/** A list that was opened without a connection is replaced once there is one. */
async function comeBack() {
  if (!document.documentElement.dataset.kept) return renew();
  const response = await fetch(location.href, { method: "HEAD", credentials: "same-origin" }).catch(() => undefined);
  if (response?.ok && (await waiting()).length === 0) refresh();
}

/** Says that the list is an old one, and from when. */
function drawKept(kept) {
  const note = document.createElement("p");
  note.className = "notice";
  const when = new Date(kept).toLocaleString("en-GB", { weekday: "long", hour: "2-digit", minute: "2-digit", timeZone: zone });
  note.textContent = `Atlas cannot be reached. This is your list as of ${when}; ticks wait here and are sent later.`;
  day.querySelector(".day-head").after(note);
}

export async function startTicks() {
  if (!day) return;
  for (const form of forms) {
    // A browser may have restored an old value of the hidden field; the row as drawn is the truth.
    form.elements.completed.value = String(!isTicked(form));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      flip(form);
    });
  }
  const { kept } = document.documentElement.dataset;
  if (kept) {
    drawKept(kept);
    addEventListener("online", comeBack);
  }
  // Going back shows what was true then, and a page left open may belong to yesterday.
  addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    if (kept) comeBack();
    else if (Date.now() - openedAt > STALE_AFTER && navigator.onLine) refresh();
  });

  const ticks = await drawQueue();
  for (const { habitId, dateKey, completed } of ticks) {
    const form = forms.find(({ elements }) => elements.habitId.value === habitId && elements.date.value === dateKey);
    if (form && isTicked(form) !== completed) draw(form, completed);
  }
  if (ticks.length > 0) watchQueue();
  // The first visit comes before the service worker, which then has no list yet.
  if (navigator.serviceWorker && !navigator.serviceWorker.controller) {
    navigator.serviceWorker.addEventListener("controllerchange", renew, { once: true });
  }
}
