/**
 * What the browser adds to the account page: a setting counts as soon as it is chosen, and a file is looked into and
 * imported without being chosen twice. Without it both forms post.
 */

import { announce } from "./announce.js";
import { UNCLEAR, UNREACHABLE, reason } from "./answers.js";

const PATIENCE = 15 * 1000;
const PATIENCE_FOR_FILES = 60 * 1000;

/* Settings */

const settings = document.querySelector("form[data-settings]");
const controls = [...settings.querySelectorAll("select, input[type=checkbox]")];
const chosen = (control) => (control.type === "checkbox" ? control.checked : control.value);

/** What pages look like by default has no attribute, as the server writes it. */
const SHOWN = {
  theme: ["theme", (word) => (word === "system" ? null : word)],
  accent: ["accent", (word) => (word === "gold" ? null : word)],
  keyboardShortcuts: ["shortcuts", (isOn) => (isOn ? null : "off")],
};

/** Has the page look and act as the control says. */
function show(control) {
  const [name, word] = SHOWN[control.name] ?? [];
  if (!name) return;
  const value = word(chosen(control));
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
}

/** Says below a control why it could not be saved, or takes that back when `why` is empty. */
function drawFault(control, why) {
  const id = `${control.name}-fault`;
  document.getElementById(id)?.remove();
  const others = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((other) => other && other !== id);
  const described = why ? [id, ...others] : others;
  if (described.length > 0) control.setAttribute("aria-describedby", described.join(" "));
  else control.removeAttribute("aria-describedby");
  control.removeAttribute("aria-invalid");
  if (!why) return;
  const fault = document.createElement("p");
  fault.id = id;
  fault.className = "fault";
  fault.textContent = why;
  control.closest(".field").append(fault);
}

/** Asks the server to keep a setting. Answers why it refused, or "" when it agreed. */
async function keep(name, value) {
  let response;
  try {
    response = await fetch("/api/account", {
      method: "PUT",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ [name]: value }),
      // A choice on the way out of the page still arrives.
      keepalive: true,
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    return UNREACHABLE;
  }
  if (response.ok) return "";
  if (response.status === 401) {
    location.assign("/sign-in?from=/account");
    return new Promise(() => {}); // The page is left; the setting has nothing more to say.
  }
  return reason(response);
}

/** What the server has. */
const kept = new Map(controls.map((control) => [control, chosen(control)]));
let saving = Promise.resolve();

/** Saves what the control says by now; whoever chose several times in a row meant the last. */
async function save(control) {
  const wanted = chosen(control);
  if (wanted === kept.get(control)) return;
  const why = await keep(control.name, wanted);
  if (!why) {
    kept.set(control, wanted);
    announce("Saved.");
  } else if (chosen(control) === wanted) {
    control[control.type === "checkbox" ? "checked" : "value"] = kept.get(control);
    show(control);
    drawFault(control, why);
    announce(why);
  }
}

settings.addEventListener("change", ({ target: control }) => {
  show(control);
  drawFault(control, "");
  saving = saving.then(() => save(control));
});

settings.querySelector("[type=submit]").hidden = true;
settings.querySelector("[data-instant]").hidden = false;

/* A file */

const upload = document.querySelector("form[data-import]");
const answer = document.getElementById("import-answer");
let isSending = false;

/** Shows what the server said about the file, which stays chosen: its answer is the whole page, of which this part is new. */
function drawAnswer(page) {
  const fresh = page.getElementById("import-answer");
  // Nothing is to be chosen again here, and whoever pressed a button stays on it.
  fresh.querySelector("[data-plain]")?.remove();
  fresh.querySelector("[autofocus]")?.removeAttribute("autofocus");
  answer.replaceChildren(...fresh.childNodes);
  for (const name of ["aria-describedby", "aria-invalid"]) {
    const value = page.getElementById("file").getAttribute(name);
    if (value) upload.elements.file.setAttribute(name, value);
    else upload.elements.file.removeAttribute(name);
  }
}

function drawTrouble(why) {
  const fault = document.createElement("p");
  fault.className = "fault";
  fault.textContent = why;
  answer.replaceChildren(fault);
}

async function send(data) {
  const signal = AbortSignal.timeout(PATIENCE_FOR_FILES);
  let response, page;
  try {
    response = await fetch(upload.action, { method: "POST", credentials: "same-origin", body: data, signal });
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return drawTrouble(UNREACHABLE);
  }
  if (page.getElementById("import-answer")) return drawAnswer(page);
  // Not signed in any more.
  if (response.redirected) return location.assign("/sign-in?from=/account");
  return drawTrouble(UNCLEAR);
}

upload.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isSending) return;
  const { file } = upload.elements;
  if (file.files[0]?.size > Number(file.dataset.most)) return drawTrouble(file.dataset.tooLarge);
  isSending = true;
  const data = new FormData(upload);
  data.set("what", event.submitter?.value ?? "check");
  answer.textContent = "Reading the file…";
  await send(data);
  isSending = false;
});

// Another file is another question.
upload.elements.file.addEventListener("change", () => {
  answer.replaceChildren();
  upload.elements.file.removeAttribute("aria-invalid");
});
