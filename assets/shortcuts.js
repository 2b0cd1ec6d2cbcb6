/** Single keys for people who rather type. Whoever does not want them switches them off with the account. */

import { announce, undo } from "./announce.js";

const PLACES = { t: "/today", c: "/calendar", h: "/habits", i: "/insights" };
const HELP = [
  ["j", "Next habit"],
  ["k", "Previous habit"],
  ["x", "Tick or untick"],
  ["u", "Undo the last tick"],
  ["n", "New habit"],
  ["g t", "Go to today"],
  ["g c", "Go to the calendar"],
  ["g h", "Go to your habits"],
  ["g i", "Go to your insights"],
  ["?", "Show these keys"],
];

/** The places `j` and `k` walk: ticks, or the rows of the list of habits. */
const stops = () => [...document.querySelectorAll(".tick, .habit-list [data-habit] a")].filter((stop) => !stop.closest("[inert]"));

function walk(step) {
  const all = stops();
  const at = all.indexOf(document.activeElement);
  const to = at < 0 ? all.at(step > 0 ? 0 : -1) : all[at + step];
  if (to) to.focus();
  else announce(all.length === 0 ? "There is no habit on this page." : step > 0 ? "That was the last habit." : "That was the first habit.");
}

function tick() {
  const { activeElement } = document;
  if (activeElement.matches(".tick")) activeElement.click();
  else announce("Go to a habit with j or k first.");
}

function create() {
  const title = document.querySelector("#title");
  if (location.pathname === "/habits" && title) title.focus();
  else location.assign("/habits#title");
}

function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}

function help() {
  const heading = element("h2", "Keys");
  heading.id = "keys";
  const list = element("dl", ...HELP.map(([keys, what]) =>
    element("div", element("dt", ...keys.split(" ").map((key) => element("kbd", key))), element("dd", what))));
  const close = element("button", "Close");
  close.className = "button plain";
  close.autofocus = true;
  const form = element("form", close);
  form.method = "dialog";
  const settings = element("a", "switched off");
  settings.href = "/account#settings";
  const off = element("p", "They can be ", settings, " in your settings.");
  off.className = "hint";
  const dialog = element("dialog", heading, list, off, form);
  dialog.className = "keys";
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

let isGoing;

function go() {
  clearTimeout(isGoing);
  isGoing = setTimeout(() => { isGoing = undefined; }, 2000);
  announce("Go to: t for today, c for the calendar, h for habits, i for insights.");
}

const KEYS = { j: () => walk(1), k: () => walk(-1), x: tick, u: undo, n: create, g: go, "?": help };

export function startShortcuts() {
  if (!document.body.dataset.member) return;
  addEventListener("keydown", (event) => {
    // Looked at every time: the settings change it without a new page.
    if (document.documentElement.dataset.shortcuts === "off") return;
    const isTyping = event.target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable], dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const place = isGoing && PLACES[event.key];
    clearTimeout(isGoing);
    isGoing = undefined;
    const act = place ? () => location.assign(place) : KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  if (location.hash === "#title") document.querySelector("#title")?.focus();
}
