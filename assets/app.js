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
  drawCell(done, all);
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
    location.assign(`/sign-in?from=${encodeURIComponent(location.pathname + location.search)}`);
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
    refreshStreaks();
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

/* Calendar */

const cells = [...document.querySelectorAll(".grid a[data-date-key]")];
const sheet = document.querySelector(".is-sheet");
const narrow = matchMedia("(max-width: 47.99rem)");
let streaksAsked = 0;

/** Brings the month's cell of the open day in line with its rows. */
function drawCell(done, all) {
  const cell = cells.find((cell) => cell.dataset.dateKey === day.dataset.day);
  if (!cell) return;
  cell.querySelector("[data-cell-count]").textContent = `${done}/${all}`;
  if (done === all) cell.dataset.complete = "true";
  else delete cell.dataset.complete;
}

/** Fetches the streaks anew: only the server knows every day that counts. */
async function refreshStreaks() {
  const panel = () => document.querySelector("[data-testid=streaks-panel]");
  if (!panel()) return;
  streaksAsked += 1;
  const asked = streaksAsked;
  try {
    const response = await fetch(location.href, { credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE) });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("[data-testid=streaks-panel]");
    if (fresh && asked === streaksAsked) panel().replaceWith(fresh);
  } catch {
    // The old figures stay until the page is opened again.
  }
}

/** One day of the month is in the order of Tab; the arrows go on from there. */
function rove(to) {
  for (const cell of cells) cell.tabIndex = cell === to ? 0 : -1;
}

/** Opens the month that `step` leads to, with the focus on `key`, a day that may not exist in it. */
function turn(step, key) {
  const link = document.querySelector(step < 0 ? ".step-back" : ".step-on");
  if (link) location.assign(`${link.href}#day-${key(new URL(link.href).searchParams.get("month"))}`);
}

/** The cell `steps` days on, in another month if need be. */
function goBy(from, steps) {
  const to = cells[cells.indexOf(from) + steps];
  if (to) return to.focus();
  const date = new Date(`${from.dataset.dateKey}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + steps);
  return turn(steps, () => date.toISOString().slice(0, 10));
}

const KEYS = {
  ArrowLeft: (from) => goBy(from, -1),
  ArrowRight: (from) => goBy(from, 1),
  ArrowUp: (from) => goBy(from, -7),
  ArrowDown: (from) => goBy(from, 7),
  Home: (from) => [...from.closest("tr").querySelectorAll("a")].at(0).focus(),
  End: (from) => [...from.closest("tr").querySelectorAll("a")].at(-1).focus(),
  PageUp: (from) => turn(-1, (month) => month + from.dataset.dateKey.slice(7)),
  PageDown: (from) => turn(1, (month) => month + from.dataset.dateKey.slice(7)),
};

if (cells.length > 0) {
  rove(cells.find((cell) => cell.matches(".is-open")) ?? cells.find((cell) => cell.matches("[aria-current]")) ?? cells[0]);
  for (const cell of cells) {
    cell.addEventListener("focus", () => rove(cell));
    cell.addEventListener("keydown", (event) => {
      const go = KEYS[event.key];
      if (!go || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      event.preventDefault();
      go(cell);
    });
  }
  // Whoever turned the page with a key goes on where that led; the 31st of a short month is its last day.
  if (location.hash.startsWith("#day-")) {
    (document.getElementById(location.hash.slice(1)) ?? cells.at(-1)).focus();
    history.replaceState(null, "", location.pathname + location.search);
  }
}

/** Over a narrow page the open day is a dialog: the rest rests until it is closed. */
function drawSheet() {
  const isDialog = narrow.matches;
  for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"]]) {
    if (isDialog) sheet.setAttribute(name, value);
    else sheet.removeAttribute(name);
  }
  for (let at = sheet; at !== document.body; at = at.parentElement) {
    for (const other of at.parentElement.children) {
      if (other !== at && other !== announcer) other.inert = isDialog;
    }
  }
  if (isDialog) sheet.querySelector("h2").focus();
}

if (sheet) {
  const close = () => location.assign(`${sheet.querySelector(".close").href}#day-${sheet.dataset.day}`);
  drawSheet();
  narrow.addEventListener("change", drawSheet);
  sheet.addEventListener("click", (event) => { if (event.target === sheet && narrow.matches) close(); });
  addEventListener("keydown", (event) => { if (event.key === "Escape" && narrow.matches) close(); });
}
