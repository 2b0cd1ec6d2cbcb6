/** The button “New habit”: it leads to the form, which is a sheet on phones. */

const phone = matchMedia("(max-width: 47.99rem)");

const section = document.querySelector(".new-habit");
const button = document.querySelector(".new-habit-link");

/** Moves the form into a modal sheet, and back to its place in the page when the sheet closes. What was typed stays. */
function openSheet() {
  const place = document.createComment("");
  const sheet = document.createElement("dialog");
  sheet.className = "sheet-dialog";
  sheet.setAttribute("aria-labelledby", "new-habit");
  const close = document.createElement("button");
  close.className = "quiet";
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => sheet.close());
  section.replaceWith(place);
  section.prepend(close);
  sheet.append(section);
  document.body.append(sheet);
  sheet.addEventListener("close", () => {
    close.remove();
    place.replaceWith(section);
    sheet.remove();
    button.focus();
  });
  sheet.showModal();
}

function openForm() {
  const title = section.querySelector("[name=title]");
  if (phone.matches) openSheet();
  else section.scrollIntoView({ block: "nearest" });
  title.focus();
}

export function startNewHabit() {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    openForm();
  });
  if (new URLSearchParams(location.search).has("new")) openForm();
}
