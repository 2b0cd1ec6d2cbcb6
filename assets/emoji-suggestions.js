/** Buttons that fill in the emoji field beside them. Forms may join the page later, so the document listens. */

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-emoji]");
  if (!button) return;
  const input = button.closest(".emoji-choice").querySelector("input");
  input.value = input.value === button.dataset.emoji ? "" : button.dataset.emoji;
  // The draft of a new habit is saved on input.
  input.dispatchEvent(new Event("input", { bubbles: true }));
});
