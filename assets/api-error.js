/** Error messages for requests that failed. */

export const OFFLINE_MESSAGE = "Can't reach Atlas. Check your connection and try again.";
export const UNKNOWN_ERROR_MESSAGE = "Something went wrong. Try again in a moment.";

/** Reads the message of an error response of the API. */
export async function readErrorMessage(response) {
  const body = await response.json().catch(() => null);
  return body?.error?.message || UNKNOWN_ERROR_MESSAGE;
}
