/** Requests the confirmation email again without loading a new page. */

import { announce } from "./announce.js";
import { callApi } from "./requests.js";

for (const form of document.querySelectorAll("form[data-resend]")) {
  let isSending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    const { status, data, error } = await callApi("POST", "/api/auth/resend-verification", { email: form.elements.email.value });
    isSending = false;
    // The page of the form shows what is wrong with the address beside the field.
    if (status === 400) form.submit();
    else announce(data ? form.dataset.resend : error.message);
  });
}
