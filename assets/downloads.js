/** Downloads without leaving the page, so that a refusal is shown here, not as JSON in its place. */

import { readApiAnswer } from "./answers.js";
import { leaveToSignIn, OFFLINE_MESSAGE } from "./requests.js";

/** Shows an error after a link or form, or clears it if `message` is empty. */
function drawError(control, message) {
  const previous = control.nextElementSibling;
  if (previous?.matches("[data-download-error]")) previous.remove();
  if (!message) return;
  const error = document.createElement("p");
  error.className = "fault";
  error.dataset.downloadError = "";
  error.setAttribute("role", "alert");
  control.after(error);
  error.textContent = message;
}

/** Gives a file to the browser under its name. */
function saveFile(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser reads the file after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60 * 1000);
}

/** Downloads a file. Returns an error message, or "". */
async function download(address) {
  try {
    const response = await fetch(address, { credentials: "same-origin", redirect: "error" });
    const name = /^attachment;.*filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1];
    if (response.ok && name) {
      saveFile(await response.blob(), name);
      return "";
    }
    const answer = await readApiAnswer(response);
    if (answer?.status === 401) await leaveToSignIn();
    return answer?.error?.message ?? OFFLINE_MESSAGE;
  } catch {
    return OFFLINE_MESSAGE;
  }
}

const downloading = new Set();

async function start(event, control, address) {
  event.preventDefault();
  if (downloading.has(control)) return;
  downloading.add(control);
  drawError(control, "");
  drawError(control, await download(address));
  downloading.delete(control);
}

export function startDownloads() {
  for (const link of document.querySelectorAll("a[download]")) {
    link.addEventListener("click", (event) => start(event, link, link.href));
  }
  for (const form of document.querySelectorAll("form[data-download]")) {
    form.addEventListener("submit", (event) => start(event, form, form.action));
  }
}
