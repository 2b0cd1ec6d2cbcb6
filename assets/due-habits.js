/**
 * Which habits are due on a day. The browser applies this rule while it is offline, on days after the one on which the server sent
 * the habits. `tests/browser/offline_day.rs` checks that the server decides alike.
 */

const DAY_MS = 24 * 60 * 60 * 1000;

const toDayNumber = (dateKey) => Date.parse(`${dateKey}T00:00:00Z`) / DAY_MS;

function isScheduled({ weekdays, frequency, startsOn, endsOn }, dateKey) {
  if (dateKey < (startsOn ?? dateKey) || (endsOn ?? dateKey) < dateKey) return false;
  if (frequency?.kind === "times") return true;
  if (frequency?.kind === "interval") {
    return (toDayNumber(dateKey) - toDayNumber(frequency.anchor)) % frequency.days === 0;
  }
  // In JavaScript Sunday is 0; in ISO 8601 it is 7.
  return weekdays.includes(new Date(`${dateKey}T00:00:00Z`).getUTCDay() || 7);
}

/** The due ones of the habits that `GET /api/habits` returned, which are active and in the person's order. */
export function listDueHabits(habits, dateKey) {
  return habits.filter((habit) => isScheduled(habit, dateKey));
}
