/** The days before the listed one, as small controls in the row of each habit, and the keys that lead from one control to another. */

const format = new Intl.DateTimeFormat("en-US", { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" });

/** "Sun, Nov 29" */
export const formatDay = (dateKey) => format.format(new Date(dateKey));

/** What a day is called in each state. The state of a day that has begun since the list was stored is unknown: the habit may have
 *  been completed on another device. */
const STATE_NAMES = { done: "done", open: "not done", skipped: "skipped", paused: "paused", unknown: "unknown while offline" };

/** Shows a control in a state, and as not synced if it is marked so. */
export function drawPastDay(control, dateKey, state) {
  control.dataset.state = state;
  const pending = control.dataset.pending ? ", not synced yet" : "";
  const note = control.hasAttribute("data-note") ? ", has a note" : "";
  control.setAttribute("aria-label", `${formatDay(dateKey)}: ${STATE_NAMES[state]}${note}${pending}`);
}

/** The visible controls of a row, from left to right: the habit on the listed day, the days before, and the link to the habit.
 *  Days that have no control are `undefined`, so that columns can be compared. */
function listStops(row) {
  const days = [...row.querySelectorAll(".past-day")].filter((day) => day.checkVisibility());
  const stops = [row.querySelector(".completion"), ...days, row.querySelector(".detail")];
  return stops.map((stop) => (stop?.matches("button:enabled, a") ? stop : undefined));
}

/** Moves the focus to another row that is not folded away, in the same column if it has a control there. */
function moveToRow(row, column, step) {
  const rows = [...row.closest("form").querySelectorAll(".completion-row")].filter((each) => each.checkVisibility());
  const target = rows[rows.indexOf(row) + step];
  if (!target) return;
  const stops = listStops(target);
  (stops[column] ?? stops.find(Boolean))?.focus();
}

const findNext = (stops, column, step) => {
  for (let index = column + step; index >= 0 && index < stops.length; index += step) if (stops[index]) return stops[index];
  return undefined;
};

const KEY_ACTIONS = {
  ArrowLeft: (row, stops, column) => findNext(stops, column, -1)?.focus(),
  ArrowRight: (row, stops, column) => findNext(stops, column, 1)?.focus(),
  ArrowUp: (row, stops, column) => moveToRow(row, column, -1),
  ArrowDown: (row, stops, column) => moveToRow(row, column, 1),
  Home: (row, stops) => stops.find(Boolean)?.focus(),
  End: (row, stops) => stops.findLast(Boolean)?.focus(),
};

/** Makes each row of a list one stop of the Tab key. The arrow keys lead to its days, to its habit's page, and to other rows. */
export function startRowKeys(list) {
  for (const stop of list.querySelectorAll("button.past-day, .detail")) stop.tabIndex = -1;
  list.addEventListener("keydown", (event) => {
    const act = KEY_ACTIONS[event.key];
    const row = event.target.closest(".completion-row");
    if (!act || !row || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    const stops = listStops(row);
    act(row, stops, stops.indexOf(event.target));
  });
}
