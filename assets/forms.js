/** Forms: password fields that can be shown, weekday buttons, and submit buttons that cannot be pressed twice. */

/** After this time a submit button can be pressed again, in case the request was stopped. */
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

/** The weekdays of a habit: checkboxes without JavaScript; with it, they are announced as toggle buttons. */
const weekdays = document.querySelectorAll(".pill input[type=checkbox]");
const updatePressed = (checkbox) => checkbox.setAttribute("aria-pressed", String(checkbox.checked));

function startWeekdays() {
  for (const checkbox of weekdays) {
    checkbox.setAttribute("role", "button");
    checkbox.addEventListener("change", () => updatePressed(checkbox));
    checkbox.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (!event.repeat) checkbox.click();
    });
  }
}

function startSubmitButtons() {
  addEventListener("submit", (event) => {
    const { target, submitter } = event;
    if (event.defaultPrevented || target.method !== "post") return;
    const button = submitter ?? target.querySelector("[type=submit]");
    if (!button) return;
    // A button that is disabled before the browser has read the form would be missing from the request.
    setTimeout(() => { button.disabled = true; });
    setTimeout(() => { button.disabled = false; }, SUBMIT_TIMEOUT_MS);
  });
  // After the back button and after a reload, browsers restore disabled buttons and checked boxes.
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[type=submit]:disabled")) button.disabled = false;
    weekdays.forEach(updatePressed);
  });
}

export function startForms() {
  startPasswordFields();
  startWeekdays();
  startSubmitButtons();
}
