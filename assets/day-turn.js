/** Turns a page that shows a day to the new day, also if it was left open, by loading it again. */

import { reloadPage } from "./announce.js";
import { day } from "./completion-rows.js";
import { readCompletionWindow } from "./completion-window.js";
import { fetchPage } from "./requests.js";

/** All time zones begin their hours at a multiple of this. */
const QUARTER_HOUR_MS = 15 * 60 * 1000;

const { zone } = document.body.dataset;
const isListOfToday = location.pathname === "/today";
/** Whether the heading is true only as long as the day does not turn. */
const isHeadedByDay = isListOfToday || location.pathname === "/yesterday";

/** The completion window as text, which changes at midnight and at two o'clock. */
function readWindow() {
  try {
    return Object.values(readCompletionWindow(new Date(), zone)).join(" ");
  } catch {
    return ""; // The browser does not know the time zone.
  }
}

/** The window in which the page was opened, and the one in which it is known to be current. */
let openedIn, currentIn;
let isShownAsPast = false;

/** Whether a new day has begun since this list of today was opened. */
export const hasNewDay = () => isListOfToday && !isShownAsPast && readWindow().slice(0, 10) !== openedIn.slice(0, 10);

/** Whether the service worker can show /today without the server. */
const isStored = async () => Boolean(navigator.serviceWorker?.controller && await caches.match("/today"));

/** Without the server and a stored list, the page stays, but it no longer says that its day is today or yesterday. */
function drawPastDay() {
  isShownAsPast = true;
  const weekday = { weekday: "long", timeZone: "UTC" };
  day.querySelector("h1").textContent = new Date(day.dataset.day).toLocaleDateString("en-US", weekday);
}

/** Loads the page again if its day has turned, and says `text` on the new page. The server decides, because the clock of the device
 *  may be wrong. Returns whether the page is being left. */
export async function checkDay(text) {
  const now = readWindow();
  if (now === currentIn) return false;
  const hasTurned = now !== openedIn;
  const newer = await fetchPage(location.href);
  const isOther = newer && newer.page.querySelector("[data-day]")?.dataset.day !== day?.dataset.day;
  if (isOther || (newer && hasTurned) || (!newer && isListOfToday && hasTurned && await isStored())) {
    reloadPage(text);
    return true;
  }
  if (newer) currentIn = now;
  else if (isHeadedByDay && hasTurned) drawPastDay();
  return false;
}

/** `isBusy` says whether a change is being saved, which must not be interrupted. */
export function startDayTurn(isBusy) {
  openedIn = readWindow();
  // A list of today may have been old already when it was opened.
  if (!isListOfToday || openedIn.startsWith(day?.dataset.day)) currentIn = openedIn;
  if (!openedIn || !(day || document.querySelector(".grid"))) return;
  const check = () => { if (!isBusy()) checkDay(); };
  const wait = () => setTimeout(() => { check(); wait(); }, QUARTER_HOUR_MS - Date.now() % QUARTER_HOUR_MS);
  wait();
  addEventListener("online", check);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") check(); });
  check();
}
