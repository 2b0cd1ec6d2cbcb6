/** Keeps the page current: streaks, the copy of /today that opens offline, and pages that were left open. */

import { day, drawStreak, forms } from "./completion-rows.js";
import { listPending } from "./queue.js";

const STALE_AFTER_MS = 30 * 60 * 1000;

const openedAt = Date.now();
/** When the service worker stored the page, if it served a stored one. */
const { kept: storedAt } = document.documentElement.dataset;

/** Loads the page again. Navigating to its address never repeats a POST, which a reload may do. */
const reloadPage = () => location.replace(location.pathname + location.search);

let requests = 0;

/** Stores a response for /today as the copy that opens offline. */
async function storeToday(response) {
  if (!("caches" in window) || !navigator.serviceWorker?.controller || response.redirected || !response.ok) return;
  await (await caches.open("atlas-pages")).put("/today", response);
}

/** Fetches the page and updates its streaks, which only the server computes, and the offline copy of /today. */
export async function refreshStreaks() {
  requests += 1;
  const request = requests;
  try {
    const response = await fetch(location.href, { credentials: "same-origin" });
    const isToday = location.pathname === "/today";
    const today = isToday ? response.clone() : await fetch("/today", { credentials: "same-origin" });
    await storeToday(today);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    // A later request has newer streaks.
    if (request !== requests) return;
    const panel = document.querySelector("[data-testid=streaks-panel]");
    panel?.replaceWith(page.querySelector("[data-testid=streaks-panel]"));
    for (const form of forms) drawStreak(form, page);
  } catch {
    // Offline, the page keeps the streaks it has.
  }
}

/** Once the server answers again: reloads a stored page when nothing is pending, and refreshes any other page. */
export async function refreshPage() {
  if (!storedAt) return refreshStreaks();
  const response = await fetch(location.href, { method: "HEAD", credentials: "same-origin" }).catch(() => undefined);
  if (response?.ok && (await listPending()).length === 0) reloadPage();
}

/** Says that the list is a stored one, and how old it is. */
function drawOfflineNotice() {
  const { zone } = document.body.dataset;
  const format = { weekday: "long", hour: "2-digit", minute: "2-digit", timeZone: zone };
  const time = new Date(storedAt).toLocaleString("en-GB", format);
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.textContent = `You're offline. Showing your list from ${time}; changes will sync when you're back online.`;
  day.querySelector(".day-head").after(notice);
}

export function startPageRefresh() {
  if (storedAt) {
    drawOfflineNotice();
    addEventListener("online", refreshPage);
  }
  // The back button may restore an outdated page, and a page that was left open may show yesterday.
  addEventListener("pageshow", (event) => { if (event.persisted) reloadPage(); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    if (storedAt) refreshPage();
    else if (Date.now() - openedAt > STALE_AFTER_MS && navigator.onLine) reloadPage();
  });
}
