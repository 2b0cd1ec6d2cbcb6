/** Tells our own origin about errors that nobody caught: where in the scripts, on which kind of page. What people typed,
 *  which habit it was and who they are stays here. */

const MOST = 5;
const LINES = 30;

const { dsn, page, release, environment } = document.querySelector("script[data-dsn]").dataset;
const told = new Set();
let silent = false;

/** What an error says, without what could be somebody's: addresses, links, queries, quoted text, ids. */
function scrubbed(text) {
  return String(text)
    .slice(0, 400)
    .replace(/[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, "[link]")
    .replace(/[^\s"'<>(),;:]+@[^\s"'<>(),;:]+/g, "[address]")
    .replace(/"[^"]*"|“[^”]*”/g, "[text]")
    .replace(/\?\S*/g, "[query]")
    .replace(/[\w-]{20,}/g, "[id]");
}

/** A script by its path, as long as it is one of ours; pages have ids and queries in their addresses. */
function file(address) {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.origin !== location.origin) return "(elsewhere)";
  return url.pathname.startsWith("/assets/") ? url.pathname : "(page)";
}

/** The lines of a stack as Chromium ("at name (address:1:2)") and others ("name@address:1:2") write them, oldest first. */
function frames(stack) {
  const lines = String(stack ?? "").split("\n").slice(0, LINES);
  const found = lines.map((line) => /^\s*(?:at )?(?:(.*?)(?: \(|@))?([^\s()@]+):(\d+):(\d+)\)?$/.exec(line)).filter(Boolean);
  return found.reverse().map(([, name, address, lineno, colno]) => ({
    function: /^[\w$.<> #]{1,80}$/.test(name ?? "") ? name : "?",
    filename: file(address),
    lineno: Number(lineno),
    colno: Number(colno),
    in_app: true,
  }));
}

function envelope(type, value, stack, mechanism) {
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
      values: [{ type, value, mechanism: { type: mechanism, handled: false }, stacktrace: { frames: frames(stack) } }],
    },
  };
  const head = { event_id, dsn, sent_at: new Date().toISOString() };
  return [head, { type: "event" }, event].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Sends what is new, a few times for each page. Nothing that goes wrong here is told to anybody. */
async function tell(error, words, mechanism) {
  const [type, said] = error instanceof Error ? [error.name, error.message] : [mechanism, words];
  const value = scrubbed(said);
  const key = `${type} ${value} ${error?.stack ?? ""}`;
  if (silent || told.size === MOST || told.has(key)) return;
  told.add(key);
  const body = envelope(scrubbed(type), value, error?.stack, mechanism);
  const headers = { "content-type": "text/plain;charset=UTF-8" };
  try {
    const answer = await fetch("/monitoring", { method: "POST", headers, body, keepalive: true });
    silent ||= !answer.ok || answer.headers.has("x-sentry-rate-limits");
  } catch {
    silent = true;
  }
}

addEventListener("error", (event) => {
  // Without a message it is a picture or a script that did not load.
  if (event.message) tell(event.error, event.message, "onerror");
});
addEventListener("unhandledrejection", (event) => {
  // What is not an error may be anything, and nobody's business.
  tell(event.reason, typeof event.reason, "onunhandledrejection");
});
