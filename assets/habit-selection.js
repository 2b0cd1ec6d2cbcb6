/** The page on which several habits are selected: how many they are, and all of them at once. */

import { startHabitFilter } from "./habit-filter.js";

const form = document.querySelector("[data-selection]");
const selectAll = form.querySelector("[data-select-all]");
const status = form.querySelector("[data-selected]");

/** Habits that the filter hides are left alone by “Select all”. */
const findShown = () => [...form.querySelectorAll("[data-habit]:not([hidden]) input")];

function update() {
  const count = form.querySelectorAll("[name=habit]:checked").length;
  const shown = findShown();
  status.textContent = `${count} selected`;
  selectAll.firstElementChild.checked = shown.length > 0 && shown.every(({ checked }) => checked);
}

selectAll.hidden = false;
selectAll.addEventListener("change", ({ target }) => {
  for (const checkbox of findShown()) checkbox.checked = target.checked;
});
form.addEventListener("change", update);
addEventListener("pageshow", update);
startHabitFilter();
