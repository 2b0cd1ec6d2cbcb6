/** Says in the form of a habit what the edit would change in its streak and strength. Without JavaScript, a button does. */

import { callApi } from "./requests.js";

const TYPING_PAUSE_MS = 300;
/** The fields that the figures depend on. */
const FIELDS = [
  "weekdays", "frequency", "times", "days", "anchor", "goal", "target", "unit", "per", "effectiveFrom", "startsOn", "endsOn",
];

let timer;
let latest = 0;

async function updatePreview(form, line) {
  const turn = ++latest;
  const { data } = await callApi("POST", line.dataset.preview, new URLSearchParams(new FormData(form)));
  // What is half typed has no preview, and an answer that was overtaken isn't shown.
  if (turn === latest) line.textContent = data?.preview.sentence ?? "";
}

/** Also for forms that are added to the page later. */
export function startHabitPreview() {
  addEventListener("input", ({ target }) => {
    const line = target.form?.querySelector("[data-preview]");
    if (!line || !FIELDS.includes(target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(() => updatePreview(target.form, line), TYPING_PAUSE_MS);
  });
}
