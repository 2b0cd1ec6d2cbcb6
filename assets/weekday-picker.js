/** The days of a habit: checkboxes without JavaScript; with it, they are announced as toggle buttons. */

const updatePressed = (checkbox) => checkbox.setAttribute("aria-pressed", String(checkbox.checked));
const findDays = (root) => root.querySelectorAll(".pill input[type=checkbox]");

/** Prepares the pickers in `root`, which may have been added to the page later. */
export function startWeekdays(root = document) {
  for (const checkbox of findDays(root)) {
    checkbox.setAttribute("role", "button");
    updatePressed(checkbox);
    checkbox.addEventListener("change", () => updatePressed(checkbox));
    checkbox.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (!event.repeat) checkbox.click();
    });
  }
}

// After a reload, browsers restore checked boxes.
addEventListener("pageshow", () => findDays(document).forEach(updatePressed));

/** Shows the buttons that select several days at once. */
export function startWeekdayPresets(root = document) {
  for (const presets of root.querySelectorAll("[data-presets]")) {
    presets.hidden = false;
    presets.addEventListener("click", (event) => {
      const days = event.target.dataset.days?.split(" ");
      if (!days) return;
      for (const checkbox of findDays(presets.closest("fieldset"))) {
        if (checkbox.checked !== days.includes(checkbox.value)) checkbox.click();
      }
    });
  }
}
