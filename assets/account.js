/** The account page: saves each setting when it changes, and previews and imports a file without loading a new page. */

import { announce } from "./announce.js";
import { callApi, fetchPage, leaveToSignIn, OFFLINE_MESSAGE, UNKNOWN_ERROR_MESSAGE } from "./requests.js";

const UPLOAD_TIMEOUT_MS = 5 * 60 * 1000;

/* Settings */

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
  error.textContent = message;
  control.closest(".field").append(error);
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
    announce("Saved.");
  } else if (readValue(control) === value) {
    control[control.type === "checkbox" ? "checked" : "value"] = savedValues.get(control);
    applySetting(control);
    drawError(control, error);
    announce(error);
  }
}

settings.addEventListener("change", ({ target: control }) => {
  applySetting(control);
  drawError(control, "");
  saving = saving.then(() => saveControl(control));
});

settings.querySelector("[type=submit]").hidden = true;
settings.querySelector("[data-instant]").hidden = false;

/* Import */

const importForm = document.querySelector("form[data-import]");
const result = document.getElementById("import-answer");
let isUploading = false;

/** Shows the result from the server's page. The chosen file stays chosen. */
function drawImportResult(page) {
  const newResult = page.getElementById("import-answer");
  // The hint to choose the file again is for browsers without JavaScript, and the focus stays on the pressed button.
  newResult.querySelector("[data-plain]")?.remove();
  newResult.querySelector("[autofocus]")?.removeAttribute("autofocus");
  result.replaceChildren(...newResult.childNodes);
  for (const name of ["aria-describedby", "aria-invalid"]) {
    const value = page.getElementById("file").getAttribute(name);
    if (value) importForm.elements.file.setAttribute(name, value);
    else importForm.elements.file.removeAttribute(name);
  }
}

function drawImportError(message) {
  const error = document.createElement("p");
  error.className = "fault";
  error.textContent = message;
  result.replaceChildren(error);
}

/** Compresses a file, so that it needs a tenth of the upload and passes the body limit of most proxies. */
async function compressFile(file) {
  const compressed = file.stream().pipeThrough(new CompressionStream("gzip"));
  return new File([await new Response(compressed).blob()], `${file.name}.gz`, { type: "application/gzip" });
}

async function uploadFile(data) {
  const file = data.get("file");
  const isPlain = file.size > 0 && !file.name.endsWith(".gz");
  if (isPlain && "CompressionStream" in window) data.set("file", await compressFile(file).catch(() => file));
  const answer = await fetchPage(importForm.action, { method: "POST", body: data }, UPLOAD_TIMEOUT_MS);
  if (answer?.page.getElementById("import-answer")) return drawImportResult(answer.page);
  if (answer) return drawImportError(UNKNOWN_ERROR_MESSAGE);
  // Without a session, the form leads to the sign-in page.
  if ((await callApi("GET", "/api/habits")).status === 401) await leaveToSignIn();
  return drawImportError(OFFLINE_MESSAGE);
}

importForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isUploading) return;
  const { file } = importForm.elements;
  if (file.files[0]?.size > Number(file.dataset.most)) return drawImportError(file.dataset.tooLarge);
  isUploading = true;
  const data = new FormData(importForm);
  data.set("what", event.submitter?.value ?? "check");
  result.textContent = "Reading the file…";
  await uploadFile(data);
  isUploading = false;
});

// The result of the previous file does not apply to another one.
importForm.elements.file.addEventListener("change", () => {
  result.replaceChildren();
  importForm.elements.file.removeAttribute("aria-invalid");
});
