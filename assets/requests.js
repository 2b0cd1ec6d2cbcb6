/** Requests to the server. Only answers of Atlas count; any other answer is treated as if the server could not be reached. */

import { readApiAnswer, readPageAnswer } from "./answers.js";

export const OFFLINE_MESSAGE = "Can't reach Atlas. Check your connection and try again.";
export const UNKNOWN_ERROR_MESSAGE = "Something went wrong. Try again in a moment.";

const REQUEST_TIMEOUT_MS = 15 * 1000;
const NO_ANSWER = { status: 0, error: { message: OFFLINE_MESSAGE } };

const { member } = document.body.dataset;

/** Sends a request and reads the answer with `read`. Redirects are not followed: Atlas redirects no script, but a network that
 *  wants its guests to sign in does. Returns undefined without an answer of Atlas. */
async function send(address, options, read, timeout = REQUEST_TIMEOUT_MS) {
  const fixed = { credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(timeout) };
  try {
    return await read(await fetch(address, { ...options, ...fixed }));
  } catch {
    return undefined;
  }
}

/** Calls the API with JSON, or with the fields of a form. Returns `{ status, data }` or `{ status, error }`; the status is 0 if Atlas did not answer. */
export async function callApi(method, path, body) {
  const headers = { Accept: "application/json" };
  const isForm = body instanceof URLSearchParams;
  if (body && !isForm) headers["Content-Type"] = "application/json";
  // The request outlives the page.
  const options = { method, headers, body: isForm ? body : body && JSON.stringify(body), keepalive: Boolean(body) };
  return await send(path, options, readApiAnswer) ?? NO_ANSWER;
}

/** Fetches a page of this account: `{ status, html, page }`, the last as a document. Undefined if Atlas did not answer with it. */
export async function fetchPage(address, options = {}, timeout = undefined) {
  const { pathname } = new URL(address, location.href);
  const answer = await send(address, options, (response) => readPageAnswer(response, pathname), timeout);
  if (!answer || answer.member !== member) return undefined;
  return { ...answer, page: new DOMParser().parseFromString(answer.html, "text/html") };
}

/** Goes to the sign-in page, which leads back to this one. The promise never settles, so that nothing changes meanwhile. */
export function leaveToSignIn() {
  location.assign(`/sign-in?from=${encodeURIComponent(location.pathname + location.search)}`);
  return new Promise(() => {});
}
