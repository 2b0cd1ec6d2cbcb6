/** The account: leads old addresses such as `/account#devices` to the part that has moved. Browsers send no fragment, so the
 *  server cannot. */

const MOVED = {
  preferences: ["settings", "timeZone", "weekStart", "backfill", "theme", "accent"],
  security: ["password", "two-factor", "devices"],
  data: ["import", "file", "confirm"],
};

function followFragment() {
  const id = location.hash.slice(1);
  const part = Object.keys(MOVED).find((name) => MOVED[name].includes(id));
  if (part) location.replace(`/account/${part}#${id}`);
}

addEventListener("hashchange", followFragment);
followFragment();
