/**
 * A timer for habits in minutes. It runs on this device: it survives closing the page and works offline, because only its start is
 * stored. Stopping it records one entry, whose id was chosen at the start, so that two tabs that stop it record it once.
 */

import { createId } from "./amounts.js";
import { announce, reloadPage } from "./announce.js";
import { enqueueEntry, sendEntry } from "./queue.js";
import { OFFLINE_MESSAGE } from "./requests.js";

const { member } = document.body.dataset;
const MINUTE_MS = 60 * 1000;
const MAX_MINUTES = 24 * 60;

const storageKey = (habitId) => `atlas-timer:${member}:${habitId}`;

function readTimer(habitId) {
  try {
    return JSON.parse(localStorage.getItem(storageKey(habitId)));
  } catch {
    return null; // Another version wrote it.
  }
}

/** "1:05:09" */
function formatElapsed(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** The elapsed minutes with two decimals, at least a hundredth. */
const elapsedMinutes = (startedAt) =>
  Math.min(MAX_MINUTES, Math.max(0.01, Math.round((Date.now() - startedAt) / MINUTE_MS * 100) / 100));

async function stopTimer(habitId, { id, startedAt, dateKey }) {
  const entry = { id, habitId, dateKey, amount: String(elapsedMinutes(startedAt)), updatedAt: Date.now() };
  const answer = navigator.onLine ? await sendEntry(entry) : { status: 0 };
  if (answer.error && answer.status !== 0 && answer.status !== 401) return announce(answer.error.message);
  if (!answer.data) {
    try {
      await enqueueEntry(entry);
    } catch {
      return announce(OFFLINE_MESSAGE);
    }
  }
  localStorage.removeItem(storageKey(habitId));
  if (answer.data) return reloadPage(`Added ${entry.amount} minutes.`);
  return announce(`Added ${entry.amount} minutes. It'll sync when you're back online.`);
}

function startTimer(button) {
  const { timer: habitId, date: dateKey } = button.dataset;
  const draw = () => {
    const running = readTimer(habitId);
    button.textContent = running ? `Stop timer, ${formatElapsed(Date.now() - running.startedAt)}` : "Start timer";
    button.toggleAttribute("data-running", Boolean(running));
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    const running = readTimer(habitId);
    if (running) {
      button.disabled = true;
      await stopTimer(habitId, running);
      button.disabled = false;
    } else {
      localStorage.setItem(storageKey(habitId), JSON.stringify({ id: createId(), startedAt: Date.now(), dateKey }));
    }
    draw();
  });
  // Another tab may start or stop it.
  addEventListener("storage", draw);
  setInterval(draw, 1000);
  draw();
}

for (const button of document.querySelectorAll("[data-timer]")) startTimer(button);
