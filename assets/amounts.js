/** Adding amounts without loading a new page, online and offline. Two devices that add one make two; an entry that is sent twice
 *  counts once, because the device chooses its id. */

import { announce, announceOnNextPage, reloadPage } from "./announce.js";
import * as rows from "./completion-rows.js";
import { checkDay, hasNewDay } from "./day-turn.js";
import { enqueueEntry, removeQueuedEntry, sendEntry } from "./queue.js";
import { callApi, leaveToSignIn, OFFLINE_MESSAGE } from "./requests.js";

const NEW_DAY_MESSAGE = "A new day has begun, so nothing was changed.";

/** A random UUID, also where the page isn't served over TLS. */
export function createId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const formatAmount = (thousandths) => String(thousandths / 1000);

/** Shows a row with `thousandths` more or less. The server's next page says the same, and all that depends on it. */
export function drawAdded(control, thousandths) {
  const sum = control.querySelector(".amount-sum");
  if (!sum) return;
  const target = Number(sum.dataset.target);
  const total = Math.max(0, Number(sum.dataset.sum) + thousandths);
  sum.dataset.sum = total;
  sum.textContent = formatAmount(total) + sum.dataset.suffix;
  control.querySelector(".amount-bar").value = target === 0 ? Math.min(total, 1) * 100 : Math.min(100, 100 * total / target);
  if (control.hasAttribute("data-limit")) control.toggleAttribute("data-exceeded", total > target);
  else control.dataset.done = total >= target;
  rows.drawProgress();
}

/** How many requests of each row are in flight. */
const sending = new Map();
export const isSending = (control) => (sending.get(control) ?? 0) > 0;

/** Saves an entry on the server, or in the offline queue when the server cannot be reached or the session has ended. */
async function saveEntry(control, entry, onQueued) {
  const today = rows.findList().elements.today?.value;
  const answer = navigator.onLine ? await sendEntry({ ...entry, today }) : { status: 0 };
  if (answer.data) return { error: "", isSynced: true };
  if (answer.error?.fields?.some(({ field }) => field === "today")) {
    reloadPage(answer.error.message);
    return new Promise(() => {});
  }
  if (answer.status !== 0 && answer.status !== 401) return { error: answer.error.message, isSynced: false };
  try {
    await enqueueEntry(entry);
    await onQueued();
  } catch {
    return { error: OFFLINE_MESSAGE, isSynced: false };
  }
  if (answer.status === 401) {
    announceOnNextPage("Sign in to save your change.");
    await leaveToSignIn();
  }
  return { error: "", isSynced: false };
}

/** Takes an entry back, from the queue if it's still there. Returns an error message, or "". */
async function removeEntry({ id, habitId, dateKey }) {
  if (await removeQueuedEntry(id)) return "";
  const answer = await callApi("DELETE", `/api/entries/${id}?habitId=${habitId}&date=${dateKey}`);
  return answer.error ? answer.error.message : "";
}

/** Adds the amount of one tap to the row of `control`. `hooks` tell the page that something was queued or saved. */
export async function addAmount(control, hooks) {
  if (hasNewDay()) {
    if (!await checkDay(NEW_DAY_MESSAGE)) announce(NEW_DAY_MESSAGE);
    return;
  }
  const { habitId, dateKey } = rows.readControl(control);
  const amount = control.value.split(":")[2];
  const thousandths = Math.round(Number(amount) * 1000);
  const entry = { id: createId(), habitId, dateKey, amount, updatedAt: Date.now() };
  drawAdded(control, thousandths);
  rows.drawError(control, "");
  sending.set(control, (sending.get(control) ?? 0) + 1);
  const result = await saveEntry(control, entry, hooks.onQueued);
  sending.set(control, sending.get(control) - 1);
  if (result.error) {
    drawAdded(control, -thousandths);
    rows.drawError(control, result.error);
    announce(result.error);
    return;
  }
  const message = result.isSynced ? `Added ${amount}.` : `Added ${amount}. It'll sync when you're back online.`;
  announce(message, async () => {
    control.focus();
    const error = await removeEntry(entry);
    if (error) return announce(error);
    drawAdded(control, -thousandths);
    announce(`Took back ${amount}.`);
    return hooks.onSaved();
  });
  if (result.isSynced) await hooks.onSaved();
}
