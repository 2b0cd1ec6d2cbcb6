/** The badge on the icon of the installed app: how many habits are due and not done today. */

import { readCompletionWindow } from "./completion-window.js";

const { member, zone } = document.body.dataset;
const list = document.querySelector("[data-day]");

/** Whether the list on the page is that of today. A page may have been left open. */
function isToday() {
  try {
    return list?.dataset.day === readCompletionWindow(new Date(), zone).today;
  } catch {
    return false; // The browser does not know the time zone.
  }
}

function drawBadge() {
  if (isToday()) navigator.setAppBadge(list.querySelectorAll(".completion[aria-checked=false]:not([data-skipped], [data-resting])").length).catch(() => {});
}

export function startBadge() {
  if (!navigator.setAppBadge) return;
  // After signing out, and for the next person at a shared device.
  if (!member) return navigator.clearAppBadge().catch(() => {});
  if (!list) return;
  drawBadge();
  new MutationObserver(drawBadge).observe(list, { subtree: true, childList: true, attributeFilter: ["aria-checked"] });
}
