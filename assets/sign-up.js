/**
 * What the browser adds to signing up: it knows which time zone it is in, so nobody has to look for it.
 */

const zones = document.getElementById("timeZone");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

// Only where nothing is chosen yet: what was chosen, now or before a fault, stays.
if (zones.value === "" && [...zones.options].some((option) => option.value === here)) zones.value = here;
