/** Groups of habits that are folded away stay so on this device. */

const KEY = "atlas-folded-groups";

const { member } = document.body.dataset;

function readFolded() {
  const stored = JSON.parse(localStorage.getItem(KEY) ?? "null");
  return new Set(stored?.member === member ? stored.groups : []);
}

const findName = (details) => details.closest("[data-group]").dataset.group.toLowerCase();

export function startHabitGroups() {
  const folded = readFolded();
  for (const details of document.querySelectorAll("[data-group] > details")) {
    details.open = !folded.has(findName(details));
    details.addEventListener("toggle", () => {
      // The filter opens groups, too, which says nothing about them.
      if (details.dataset.found !== undefined) return;
      if (details.open) folded.delete(findName(details));
      else folded.add(findName(details));
      localStorage.setItem(KEY, JSON.stringify({ member, groups: [...folded] }));
    });
  }
  // The next person at this browser must not find it.
  document.querySelector("form[action='/sign-out']")?.addEventListener("submit", () => localStorage.removeItem(KEY));
}
