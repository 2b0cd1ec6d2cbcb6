/** Skipping a day of a habit, without a form's page. Skips aren't queued, so they need a connection. */

import { announce, reloadPage } from "./announce.js";
import { callApi, leaveToSignIn } from "./requests.js";

const NO_CONNECTION_MESSAGE = "You're offline. Skipping needs a connection.";

/** Sends what the button says, then shows the page as the server has it. */
async function setSkipped(button) {
  const [habitId, date, skipped] = button.value.split(":");
  button.disabled = true;
  const answer = await callApi("POST", "/api/skips", { habitId, date, skipped: skipped === "true" });
  button.disabled = false;
  if (answer.status === 401) return leaveToSignIn();
  if (answer.status === 0) return announce(NO_CONNECTION_MESSAGE);
  if (answer.error) return announce(answer.error.message);
  return reloadPage(skipped === "true" ? "Skipped." : "Skip undone.");
}

export function startSkips() {
  addEventListener("submit", (event) => {
    if (event.submitter?.name !== "skip") return;
    event.preventDefault();
    setSkipped(event.submitter);
  });
}
