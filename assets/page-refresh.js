/** Keeps the page current: completions and streaks, the copy of /today that opens offline, and pages that were left open. */

import { reloadPage } from "./announce.js";
import { day, drawNewerRows } from "./completion-rows.js";
import { drawNewDay } from "./offline-day.js";
import { listPending } from "./queue.js";
import { fetchPage } from "./requests.js";

const STALE_AFTER_MS = 30 * 60 * 1000;

const openedAt = Date.now();
/** When the service worker stored the page, if it served a stored one. */
const { kept: storedAt } = document.documentElement.dataset;

/** Whether a control has a request in flight or a pending completion. */
let isChanging = () => false;
let requests = 0;

/** Fetches the page and updates its rows. The service worker stores every newer copy of /today that it sees. */
export async function refreshRows() {
  requests += 1;
  const request = requests;
  const newer = await fetchPage(location.href);
  if (location.pathname !== "/today") fetchPage("/today");
  // A later request has newer rows. Offline, the page keeps those it has.
  if (!newer || request !== requests) return;
  const panel = document.querySelector("[data-testid=streaks-panel]");
  panel?.replaceWith(newer.page.querySelector("[data-testid=streaks-panel]"));
  drawNewerRows(newer.page, isChanging);
}

/** Once the server answers again: reloads a stored page when nothing is pending, and refreshes any other page. */
export async function refreshPage() {
  if (!storedAt) return refreshRows();
  if (await fetchPage(location.href) && (await listPending()).length === 0) reloadPage();
}

/** Says that the list is a stored one or comes from stored habits, and how old these are. */
function drawOfflineNotice(isNewDay) {
  const { zone } = document.body.dataset;
  const format = { weekday: "long", hour: "2-digit", minute: "2-digit", timeZone: zone };
  const time = new Date(storedAt).toLocaleString("en-GB", format);
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.textContent = isNewDay
    ? `You're offline. Today's list comes from your habits as of ${time}; what you've done since then on other devices isn't shown. ` +
      "Changes will sync when you're back online."
    : `You're offline. Showing your list from ${time}; changes will sync when you're back online.`;
  day.querySelector(".day-head").after(notice);
}

/** `isControlChanging` says whether a control must keep its state. */
export function startPageRefresh(isControlChanging) {
  isChanging = isControlChanging;
  if (storedAt) {
    drawOfflineNotice(drawNewDay(day));
    addEventListener("online", refreshPage);
  }
  // The back button may restore an outdated page.
  addEventListener("pageshow", (event) => { if (event.persisted) reloadPage(); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    if (!storedAt && Date.now() - openedAt > STALE_AFTER_MS && navigator.onLine) reloadPage();
    else refreshPage();
  });
}
