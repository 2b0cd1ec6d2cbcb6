/** The preferences: saves each one when it changes, and says so in its group. */

import { callApi, leaveToSignIn } from "./requests.js";

/** Screen readers notice a repeated message only when the live region was empty in between. */
const CLEAR_PAUSE_MS = 60;

const settings = document.querySelector("form[data-settings]");
const controls = [...settings.querySelectorAll("select, input[type=checkbox]")];
const readValue = (control) => (control.type === "checkbox" ? control.checked : control.value);

/** The data attribute of the document that a setting controls, and its value. Like the server, it omits default values. */
const DOCUMENT_ATTRIBUTES = {
  theme: ["theme", (theme) => (theme === "system" ? null : theme)],
  accent: ["accent", (accent) => (accent === "gold" ? null : accent)],
  keyboardShortcuts: ["shortcuts", (isOn) => (isOn ? null : "off")],
};

/** Applies a setting to this page. */
function applySetting(control) {
  const [name, toAttribute] = DOCUMENT_ATTRIBUTES[control.name] ?? [];
  if (!name) return;
  const value = toAttribute(readValue(control));
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
  const { backgroundColor } = getComputedStyle(document.documentElement);
  for (const meta of document.querySelectorAll("meta[name=theme-color]")) meta.content = backgroundColor;
}

/** Shows an error below a control, or clears it if `message` is empty. */
function drawError(control, message) {
  const id = `${control.name}-fault`;
  document.getElementById(id)?.remove();
  const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((other) => other && other !== id);
  const descriptions = message ? [id, ...others] : others;
  if (descriptions.length > 0) control.setAttribute("aria-describedby", descriptions.join(" "));
  else control.removeAttribute("aria-describedby");
  control.removeAttribute("aria-invalid");
  if (!message) return;
  const error = document.createElement("p");
  error.id = id;
  error.className = "fault";
  error.setAttribute("role", "alert");
  control.closest(".field").append(error);
  error.textContent = message;
}

let confirmationTimer;

/** Confirms in the group of a control that it is saved, and nowhere else. */
function confirmSaved(control) {
  for (const status of settings.querySelectorAll(".saved")) status.textContent = "";
  const status = control.closest(".setting-group").querySelector(".saved");
  clearTimeout(confirmationTimer);
  confirmationTimer = setTimeout(() => (status.textContent = "Saved."), CLEAR_PAUSE_MS);
}

/** Saves a setting on the server. Returns an error message, or "". */
async function sendSetting(name, value) {
  const { status, data, error } = await callApi("PUT", "/api/account", { [name]: value });
  if (status === 401) await leaveToSignIn();
  return data ? "" : error.message;
}

/** The values that the server has. */
const savedValues = new Map(controls.map((control) => [control, readValue(control)]));
let saving = Promise.resolve();

/** Saves the current value of a control. After several quick changes only the last one is sent. */
async function saveControl(control) {
  const value = readValue(control);
  if (value === savedValues.get(control)) return;
  const error = await sendSetting(control.name, value);
  if (!error) {
    savedValues.set(control, value);
    confirmSaved(control);
  } else if (readValue(control) === value) {
    control[control.type === "checkbox" ? "checked" : "value"] = savedValues.get(control);
    applySetting(control);
    drawError(control, error);
  }
}

settings.addEventListener("change", ({ target: control }) => {
  applySetting(control);
  drawError(control, "");
  saving = saving.then(() => saveControl(control));
});

settings.querySelector("[type=submit]").hidden = true;
document.querySelector("[data-instant]").textContent = "Changes save automatically.";
