/** The import form: previews and imports a file without loading a new page. */

import { startRowForms } from "./row-forms.js";
import { callApi, fetchPage, leaveToSignIn, OFFLINE_MESSAGE, UNKNOWN_ERROR_MESSAGE } from "./requests.js";

const UPLOAD_TIMEOUT_MS = 5 * 60 * 1000;

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
  document.getElementById("imports").replaceWith(page.getElementById("imports"));
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

startRowForms();
