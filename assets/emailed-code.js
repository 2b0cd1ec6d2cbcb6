/** Submits the emailed code as soon as it is complete. */

const CODE_DIGITS = 6;

/** The digits of any script, as the server counts them; what is pasted may have blanks in between. */
const countDigits = (text) => text.match(/\p{Nd}/gu)?.length ?? 0;

for (const form of document.querySelectorAll("form[data-code]")) {
  const field = form.elements.digits;
  field.addEventListener("input", () => {
    if (countDigits(field.value) === CODE_DIGITS) form.requestSubmit();
  });
}
