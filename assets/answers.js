/**
 * What counts as an answer of Atlas. A hotel's network, a proxy, or a cache can answer in its place, also with 200, and a
 * connection can end in the middle of an answer. The server puts these functions into the service worker, too.
 */

/** Whether an answer was not redirected and has that content type. */
const hasType = (response, type) =>
  !response.redirected && (response.headers.get("content-type") ?? "").toLowerCase().startsWith(type);

/** Reads an answer of the API: `{ status, data }` or `{ status, error }`; undefined if Atlas did not write it. */
export async function readApiAnswer(response) {
  if (!hasType(response, "application/json")) return undefined;
  const body = await response.json().catch(() => undefined);
  const { status } = response;
  if (response.ok && body?.ok === true && body.data instanceof Object) return { status, data: body.data };
  if (!response.ok && body?.ok === false && body.error?.code && body.error.message) return { status, error: body.error };
  return undefined;
}

/** Reads a page that Atlas rendered for `path`: `{ status, member, html }`, with the id of the account it was rendered for, or "".
 *  Undefined if Atlas did not write it, or if its end is missing. */
export async function readPageAnswer(response, path) {
  if (!hasType(response, "text/html")) return undefined;
  const html = await response.text().catch(() => "");
  const mark = /<meta name="atlas-page" content="([^" ]+) ?([^"]*)">/.exec(html);
  if (mark?.[1] !== path || !html.trimEnd().endsWith("</html>")) return undefined;
  return { status: response.status, member: mark[2], html };
}
