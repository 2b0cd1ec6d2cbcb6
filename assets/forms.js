/** What makes forms kinder. */

const PATIENCE = 15 * 1000;

/** Shows or covers what is typed into the field that the button controls. */
function reveal(button, isShown) {
  document.getElementById(button.getAttribute("aria-controls")).type = isShown ? "text" : "password";
  button.textContent = isShown ? "Hide" : "Show";
}

function startReveals() {
  for (const button of document.querySelectorAll(".reveal")) {
    reveal(button, false);
    button.hidden = false;
    button.addEventListener("click", () => reveal(button, button.textContent === "Show"));
    // Browsers offer to remember, and never suggest in the open, only what is sent from a covered field.
    button.form?.addEventListener("submit", () => reveal(button, false));
  }
}

/** Weekdays look like buttons and are announced as such; as checkboxes they need no script to be sent. */
const weekdays = document.querySelectorAll(".pill input[type=checkbox]");
const press = (box) => box.setAttribute("aria-pressed", String(box.checked));

function startWeekdays() {
  for (const box of weekdays) {
    box.setAttribute("role", "button");
    box.addEventListener("change", () => press(box));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (!event.repeat) box.click();
    });
  }
}

function startSubmits() {
  addEventListener("submit", (event) => {
    const { target, submitter } = event;
    if (event.defaultPrevented || target.method !== "post") return;
    const button = submitter ?? target.querySelector("[type=submit]");
    if (!button) return;
    // Disabled only once the browser has read the form. Whoever stops the page gets the button back.
    setTimeout(() => { button.disabled = true; });
    setTimeout(() => { button.disabled = false; }, PATIENCE);
  });
  // On the way back, and after a reload, browsers bring back what a page looked like when it was left.
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[type=submit]:disabled")) button.disabled = false;
    weekdays.forEach(press);
  });
}

export function startForms() {
  startReveals();
  startWeekdays();
  startSubmits();
}
