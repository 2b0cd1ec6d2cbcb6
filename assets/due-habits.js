/**
 * Which habits are due on a day. The browser applies this rule while it is offline, on days after the one on which the server sent
 * the habits. `tests/browser/offline_day.rs` checks that the server decides alike.
 */

/** The due ones of the habits that `GET /api/habits` returned, which are active and in the person's order. */
export function listDueHabits(habits, dateKey) {
  // In JavaScript Sunday is 0; in ISO 8601 it is 7.
  const weekday = new Date(`${dateKey}T00:00:00Z`).getUTCDay() || 7;
  return habits.filter(({ weekdays }) => weekdays.includes(weekday));
}
