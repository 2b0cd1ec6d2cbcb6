/** What is said when the server did not do what was asked. */

export const UNREACHABLE = "Atlas cannot be reached right now. Check your connection and try again.";
export const UNCLEAR = "That did not work. Try again in a moment.";

/** What an answer of the API says was wrong. */
export async function reason(response) {
  const body = await response.json().catch(() => null);
  return body?.error?.message || UNCLEAR;
}
