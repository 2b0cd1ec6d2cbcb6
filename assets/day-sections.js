/** The sections of a day's list: what divides it, and the menu that chooses that. */

import { announce, reloadPage } from "./announce.js";
import { callApi, leaveToSignIn } from "./requests.js";

const TIMES_OF_DAY = { morning: "Morning", afternoon: "Afternoon", evening: "Evening" };
const MESSAGES = { nothing: "Showing one list.", group: "Showing your groups.", time: "Showing times of day." };

/** The name and the rule of each section, as `divide` in src/domain/habits/agenda_sections.rs. */
function listSections(due, habits, grouping) {
  if (grouping === "group") {
    const groups = new Map();
    for (const { group } of habits) if (group && !groups.has(group.toLowerCase())) groups.set(group.toLowerCase(), group);
    return [["", ({ group }) => !group],
      ...[...groups].map(([key, name]) => [name, ({ group }) => group?.toLowerCase() === key])];
  }
  if (grouping === "time") {
    const anyTime = due.some(({ timeOfDay }) => timeOfDay) ? "Any time" : "";
    return [...Object.entries(TIMES_OF_DAY).map(([time, name]) => [name, ({ timeOfDay }) => timeOfDay === time]),
      [anyTime, ({ timeOfDay }) => !timeOfDay]];
  }
  return [["", () => true]];
}

/** Divides the habits that are due. `habits` are all of them, in the person's order. A section without a name has no heading. */
export function divideHabits(due, habits, grouping) {
  const sections = listSections(due, habits, grouping).map(([name, has]) => ({ name, due: due.filter(has) }));
  return sections.filter((section) => section.due.length > 0);
}

async function saveGrouping(groupDayBy) {
  const { status, error } = await callApi("PUT", "/api/account", { groupDayBy });
  if (status === 401) return leaveToSignIn();
  return error ? announce(error.message) : reloadPage(MESSAGES[groupDayBy]);
}

/** Without JavaScript, the menu is a form. */
export function startGrouping() {
  document.querySelector("[data-grouping]")?.addEventListener("submit", (event) => {
    event.preventDefault();
    event.target.closest("[popover]").hidePopover();
    saveGrouping(event.submitter.value);
  });
}
