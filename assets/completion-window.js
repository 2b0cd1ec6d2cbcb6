/**
 * The completion window: which days may be changed now. The browser applies this rule while it is offline, and the server applies
 * its own when it receives the completion. `tests/browser/completion_window.rs` checks that both decide alike.
 */

/** Yesterday stays open until this local hour. */
const GRACE_END_HOUR = 2;
/** How far the backfill setting "week" reaches back. */
const BACKFILL_WEEK_DAYS = 7;

/** The date, and whether everyone can still change the day before. Throws a RangeError if the browser does not know the time zone. */
export function readCompletionWindow(now, timeZone) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", hourCycle: "h23",
  });
  const parts = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]));
  return { today: `${parts.year}-${parts.month}-${parts.day}`, isYesterdayOpen: Number(parts.hour) < GRACE_END_HOUR };
}

/** The day that many days after `dateKey`, or before it when `days` is negative. */
export function addDays(dateKey, days) {
  const date = new Date(`${dateKey}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/**
 * Returns "open", "future" or "closed" for a day (`YYYY-MM-DD`) at the instant `now`. `backfill` is the account's setting:
 * "grace", "week" or "always". The server also checks the habit's schedule and first day.
 */
export function checkCompletionWindow(dateKey, now, timeZone, backfill) {
  const { today, isYesterdayOpen } = readCompletionWindow(now, timeZone);
  if (dateKey > today) return "future";
  const isOpen = dateKey === today ||
    (dateKey === addDays(today, -1) && isYesterdayOpen) ||
    (backfill === "week" && dateKey >= addDays(today, -BACKFILL_WEEK_DAYS)) ||
    backfill === "always";
  return isOpen ? "open" : "closed";
}
