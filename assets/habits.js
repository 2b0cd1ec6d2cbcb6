/** The habits page and the archive: what they do without loading a new page. */

import { startHabitFilter } from "./habit-filter.js";
import { startHabitOrder } from "./habit-order.js";
import { startHabitPreview } from "./habit-preview.js";
import { startNewHabit } from "./new-habit.js";
import { startNewHabitDraft } from "./new-habit-draft.js";
import { startRowForms } from "./row-forms.js";
import { startWeekdayPresets } from "./weekday-picker.js";

const list = document.querySelector("[data-order]");

startWeekdayPresets();
startRowForms();
startHabitPreview();
if (list) startHabitOrder(list);
if (document.querySelector("[data-filter]")) startHabitFilter();
if (document.querySelector(".new-habit")) {
  startNewHabitDraft();
  startNewHabit();
}
