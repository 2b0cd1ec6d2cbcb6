/** Forms: password fields that can be shown, weekday buttons, and forms that cannot be sent twice. */

import { startWeekdays } from "./weekday-picker.js";

/** After this time a form can be sent again, in case the request was stopped. */
const SUBMIT_TIMEOUT_MS = 15 * 1000;

/** Shows or hides the password in the field that the button controls. */
function setRevealed(button, isRevealed) {
  document.getElementById(button.getAttribute("aria-controls")).type = isRevealed ? "text" : "password";
  button.textContent = isRevealed ? "Hide" : "Show";
}

function startPasswordFields() {
  for (const button of document.querySelectorAll(".reveal")) {
    setRevealed(button, false);
    button.hidden = false;
    button.addEventListener("click", () => setRevealed(button, button.textContent === "Show"));
    // Browsers offer to save only password fields, and would suggest the text of other fields later.
    button.form?.addEventListener("submit", () => setRevealed(button, false));
  }
}

/** The forms that were sent and not answered yet. Their buttons stay enabled, because browsers would restore a disabled button
 *  after a reload, and could not tell it from one that the server has disabled. */
const sentForms = new Set();

function startSubmitButtons() {
  addEventListener("submit", (event) => {
    const { target } = event;
    if (event.defaultPrevented || target.method !== "post") return;
    if (sentForms.has(target)) return event.preventDefault();
    sentForms.add(target);
    setTimeout(() => sentForms.delete(target), SUBMIT_TIMEOUT_MS);
  });
  // After the back button, browsers show the page as it was left.
  addEventListener("pageshow", () => sentForms.clear());
}

export function startForms() {
  startPasswordFields();
  startWeekdays();
  startSubmitButtons();
}
