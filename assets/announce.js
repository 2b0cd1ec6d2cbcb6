/** Short words for everybody, screen readers included, and the way back from what was just done. */

const SAID_FOR = 3 * 1000;
const UNDO_FOR = 10 * 1000;

const words = document.getElementById("announcer");
const button = document.getElementById("undo");
/** Stays in reach whatever lies over the page. */
export const toast = words.parentElement;

let silence;
let takeBack;

function hush() {
  // Whoever is at the button is given the time.
  if (toast.matches(":hover, :focus-within")) {
    silence = setTimeout(hush, SAID_FOR);
    return;
  }
  words.textContent = "";
  button.hidden = true;
  takeBack = undefined;
}

/** Says `text`, and for ten seconds offers to `undo` where that is given. The text is emptied first: the same words twice
 *  would be read once. */
export function announce(text, undo) {
  clearTimeout(silence);
  words.textContent = "";
  takeBack = undo;
  silence = setTimeout(() => {
    words.textContent = text;
    button.hidden = !undo;
    silence = setTimeout(hush, undo ? UNDO_FOR : SAID_FOR);
  }, 60);
}

/** Takes back what was done last, as long as that is offered. */
export function undo() {
  const back = takeBack;
  takeBack = undefined;
  button.hidden = true;
  back?.();
}

button.addEventListener("click", undo);
