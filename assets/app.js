/**
 * What the browser adds to Atlas. Every page works without it: it makes ticks instant and forms kinder.
 */

const STALE_AFTER = 30 * 60 * 1000;
const PATIENCE = 15 * 1000;
const UNREACHABLE = "Atlas cannot be reached right now. Check your connection and try again.";
const UNCLEAR = "That did not work. Try again in a moment.";

const openedAt = Date.now();
const day = document.querySelector("[data-day]");
const announcer = document.getElementById("announcer");
let silence;

/**
 * Says something short to everybody, screen readers included, and falls silent again. Emptied first: the same words
 * twice would be read once.
 */
function announce(text) {
  clearTimeout(silence);
  announcer.textContent = "";
  silence = setTimeout(() => {
    announcer.textContent = text;
    silence = setTimeout(() => { announcer.textContent = ""; }, 3000);
  }, 60);
}

/** Asks the server for the page again. By address: the page at hand may answer a POST, which must not be repeated. */
const refresh = () => location.replace(location.pathname + location.search);

/* Ticks */

const tickOf = (form) => form.querySelector(".tick");
const isTicked = (form) => tickOf(form).getAttribute("aria-checked") === "true";

/** Draws the row as done or open, and has its form ask for the opposite next. */
function draw(form, done) {
  tickOf(form).setAttribute("aria-checked", String(done));
  form.elements.completed.value = String(!done);
  drawDay();
}

/** Brings count, bar and closing words in line with the rows. */
function drawDay() {
  const all = day.querySelectorAll(".tick").length;
  const done = day.querySelectorAll('.tick[aria-checked="true"]').length;
  const isComplete = all > 0 && done === all;
  day.querySelector("[data-count]").textContent = `${done}/${all}`;
  day.querySelector("progress").value = done;
  day.querySelector("[data-complete]").hidden = !isComplete;
  day.classList.toggle("is-complete", isComplete);
}

/** Shows below the row why it could not be ticked, or takes that back when `why` is empty. */
function drawFault(form, why) {
  const fault = form.querySelector(".fault");
  fault.textContent = why;
  fault.hidden = !why;
  if (why) tickOf(form).setAttribute("aria-describedby", fault.id);
  else tickOf(form).removeAttribute("aria-describedby");
}

/** Asks the server to keep the row as `done`. Answers why it refused, or "" when it agreed. */
async function keep(form, done) {
  const { habitId, date } = form.elements;
  let response;
  try {
    response = await fetch("/api/completions", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ habitId: habitId.value, date: date.value, completed: done }),
      // A tick on the way out of the page still arrives.
      keepalive: true,
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    return UNREACHABLE;
  }
  if (response.ok) return "";
  if (response.status === 401) {
    location.assign("/sign-in?from=/today");
    return new Promise(() => {}); // The page is left; the row has nothing more to say.
  }
  const body = await response.json().catch(() => null);
  return body?.error?.message || UNCLEAR;
}

/** Per row: what the server has (`kept`), what the person wants (`wanted`), whether a request is on its way. */
const rows = new WeakMap();

/**
 * Flips a row at once and tells the server. One request per row at a time; whoever clicks meanwhile only changes the
 * wish, and the last wish is what ends up kept.
 */
async function flip(form) {
  const row = rows.get(form) ?? { kept: isTicked(form), isBusy: false };
  rows.set(form, row);
  row.wanted = !isTicked(form);
  draw(form, row.wanted);
  drawFault(form, "");
  if (row.isBusy) return;

  row.isBusy = true;
  let why = "";
  while (!why && row.kept !== row.wanted) {
    const asked = row.wanted;
    why = await keep(form, asked);
    if (!why) row.kept = asked;
  }
  row.isBusy = false;

  if (why && row.kept !== row.wanted) {
    draw(form, row.kept);
    drawFault(form, why);
    announce(why);
  } else {
    announce(row.kept ? "Ticked." : "Unticked.");
  }
}

for (const form of document.querySelectorAll("form[data-tick]")) {
  // A browser may have restored an old value of the hidden field; the row as drawn is the truth.
  form.elements.completed.value = String(!isTicked(form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    flip(form);
  });
}

/* Going back shows what was true then, and a page left open may belong to yesterday. */
if (day) {
  addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() - openedAt > STALE_AFTER) refresh();
  });
}

/* Forms */

/** Shows or covers what is typed into the field that the button controls. */
function reveal(button, isShown) {
  document.getElementById(button.getAttribute("aria-controls")).type = isShown ? "text" : "password";
  button.textContent = isShown ? "Hide" : "Show";
}

for (const button of document.querySelectorAll(".reveal")) {
  reveal(button, false);
  button.hidden = false;
  button.addEventListener("click", () => reveal(button, button.textContent === "Show"));
  // Browsers offer to remember, and never suggest in the open, only what is sent from a covered field.
  button.form?.addEventListener("submit", () => reveal(button, false));
}

for (const input of document.querySelectorAll("input[data-zone]")) {
  input.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

/** Weekdays look like buttons and are announced as such; as checkboxes they need no script to be sent. */
const weekdays = document.querySelectorAll(".pill input[type=checkbox]");
const press = (box) => box.setAttribute("aria-pressed", String(box.checked));

for (const box of weekdays) {
  box.setAttribute("role", "button");
  box.addEventListener("change", () => press(box));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) box.click();
  });
}

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
