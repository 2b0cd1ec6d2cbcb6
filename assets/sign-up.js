/** Selects the browser's time zone on the sign-up form. */

const select = document.getElementById("timeZone");
const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

// A zone that was chosen before the form came back with errors stays selected.
if (select.value === "" && [...select.options].some((option) => option.value === browserZone)) select.value = browserZone;
