/**
 * Reports uncaught errors to Sentry, through the server's tunnel at /monitoring. A report has the place in the scripts and the
 * kind of page, but never what a person typed, which habit was on the page, or who was signed in.
 */

const MAX_REPORTS_PER_PAGE = 5;
const MAX_STACK_FRAMES = 30;
const MAX_TEXT_LENGTH = 400;

const { dsn, page, release, environment } = document.querySelector("script[data-dsn]").dataset;
const reported = new Set();
let isDisabled = false;

/** Replaces everything in an error message that could be personal: links, addresses, quoted text, queries and ids. */
function scrubText(text) {
  return String(text)
    .slice(0, MAX_TEXT_LENGTH)
    .replace(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, "[link]")
    .replace(/[^\s"'<>(),;:]+@[^\s"'<>(),;:]+/g, "[address]")
    .replace(/"[^"]*"|“[^”]*”/g, "[text]")
    .replace(/\?\S*/g, "[query]")
    .replace(/[\w-]{20,}/g, "[id]");
}

/** The path of our own scripts. Addresses of pages contain ids and queries, so they are not reported. */
function scrubAddress(address) {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.origin !== location.origin) return "(elsewhere)";
  return url.pathname.startsWith("/assets/") ? url.pathname : "(page)";
}

/** Parses the lines of a stack, "at name (address:1:2)" in Chromium and "name@address:1:2" in other browsers. Sentry wants the
 *  oldest frame first. */
function parseStack(stack) {
  const lines = String(stack ?? "").split("\n").slice(0, MAX_STACK_FRAMES);
  const frames = lines.map((line) => /^\s*(?:at )?(?:(.*?)(?: \(|@))?([^\s()@]+):(\d+):(\d+)\)?$/.exec(line)).filter(Boolean);
  return frames.reverse().map(([, name, address, lineno, colno]) => ({
    function: /^[\w$.<> #]{1,80}$/.test(name ?? "") ? name : "?",
    filename: scrubAddress(address),
    lineno: Number(lineno),
    colno: Number(colno),
    in_app: true,
  }));
}

/** Builds an envelope in Sentry's format: one line of JSON each for the envelope header, the item header and the event. */
function buildEnvelope(type, value, stack, mechanism) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const event_id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const event = {
    event_id,
    timestamp: Date.now() / 1000,
    platform: "javascript",
    level: "error",
    release,
    environment,
    transaction: page,
    tags: { page },
    exception: {
      values: [{ type, value, mechanism: { type: mechanism, handled: false }, stacktrace: { frames: parseStack(stack) } }],
    },
  };
  const header = { event_id, dsn, sent_at: new Date().toISOString() };
  return [header, { type: "event" }, event].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Reports an error once. After a failed report the page reports nothing more. */
async function sendReport(error, message, mechanism) {
  const [type, text] = error instanceof Error ? [error.name, error.message] : [mechanism, message];
  const value = scrubText(text);
  const key = `${type} ${value} ${error?.stack ?? ""}`;
  if (isDisabled || reported.size === MAX_REPORTS_PER_PAGE || reported.has(key)) return;
  reported.add(key);
  const body = buildEnvelope(scrubText(type), value, error?.stack, mechanism);
  const headers = { "content-type": "text/plain;charset=UTF-8" };
  try {
    const response = await fetch("/monitoring", { method: "POST", headers, body, keepalive: true });
    isDisabled ||= !response.ok || response.headers.has("x-sentry-rate-limits");
  } catch {
    isDisabled = true;
  }
}

addEventListener("error", (event) => {
  // Without a message it is an image or a script that failed to load.
  if (event.message) sendReport(event.error, event.message, "onerror");
});
addEventListener("unhandledrejection", (event) => {
  // A promise can be rejected with any value, personal data included. Of values that are not errors only the type is reported.
  sendReport(event.reason, typeof event.reason, "onunhandledrejection");
});
