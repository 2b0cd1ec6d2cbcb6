/** The toast: short messages that screen readers announce too, with an optional Undo button. */

const MESSAGE_DURATION_MS = 3 * 1000;
const UNDO_DURATION_MS = 10 * 1000;
/** Screen readers notice a repeated message only when the live region was empty in between. */
const CLEAR_PAUSE_MS = 60;
const NEXT_PAGE_KEY = "atlas-next-page";

const message = document.getElementById("announcer");
const undoButton = document.getElementById("undo");
/** Stays usable while a dialog makes the rest of the page inert. */
export const toast = message.parentElement;

let timer;
let undoAction;

function hideToast() {
  // The toast stays while the pointer or the focus is on it.
  if (toast.matches(":hover, :focus-within")) {
    timer = setTimeout(hideToast, MESSAGE_DURATION_MS);
    return;
  }
  message.textContent = "";
  undoButton.hidden = true;
  undoAction = undefined;
}

/** Shows `text`. If `onUndo` is given, it is offered as an Undo button, and the toast stays longer. */
export function announce(text, onUndo) {
  clearTimeout(timer);
  message.textContent = "";
  undoAction = onUndo;
  timer = setTimeout(() => {
    message.textContent = text;
    undoButton.hidden = !onUndo;
    timer = setTimeout(hideToast, onUndo ? UNDO_DURATION_MS : MESSAGE_DURATION_MS);
  }, CLEAR_PAUSE_MS);
}

/** Says `text` on the next page that this tab opens. */
export function announceOnNextPage(text) {
  sessionStorage.setItem(NEXT_PAGE_KEY, text);
}

/** Loads the page again, and says `text` on it, or else what this page says now. Navigating to its address never repeats a POST,
 *  which a reload may do. */
export function reloadPage(text = message.textContent) {
  if (text) announceOnNextPage(text);
  location.replace(location.pathname + location.search);
}

/** Says what the server or the previous page has left to say. Reloading or sharing the address does not repeat it. */
export function startAnnouncements() {
  const text = message.textContent || sessionStorage.getItem(NEXT_PAGE_KEY);
  sessionStorage.removeItem(NEXT_PAGE_KEY);
  const undoForm = toast.querySelector("form");
  if (undoForm) undoForm.hidden = true;
  if (text) announce(text, undoForm && (() => undoForm.requestSubmit(undoForm.querySelector("button"))));
  const address = new URL(location);
  if (!address.searchParams.has("done")) return;
  for (const field of ["done", "habit"]) address.searchParams.delete(field);
  history.replaceState(history.state, "", address);
}

/** Undoes the last change while the toast offers it. */
export function undo() {
  const action = undoAction;
  undoAction = undefined;
  undoButton.hidden = true;
  action?.();
}

undoButton.addEventListener("click", undo);
