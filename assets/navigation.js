/** The main navigation: where the focus goes after a move, the menu of the bar, and what signing out leaves in the browser. */

/** The path that this tab opens from the navigation. */
const DESTINATION_KEY = "atlas-destination";

const menu = document.getElementById("nav-menu");

/** Opens a page as its link in the navigation does. */
export function moveTo(path) {
  sessionStorage.setItem(DESTINATION_KEY, path);
  location.assign(path);
}

/** After a move, the heading is where reading and the Tab key go on. A fragment or `autofocus` knows a better place. */
function focusHeading() {
  const destination = sessionStorage.getItem(DESTINATION_KEY);
  sessionStorage.removeItem(DESTINATION_KEY);
  if (destination !== location.pathname || location.hash || document.querySelector("[autofocus]")) return;
  const heading = document.querySelector("main h1");
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Scrolls the links of a subject, which are one line on phones, to the current page. */
function showCurrentLink() {
  const link = document.querySelector(".subnav [aria-current]");
  const line = link?.closest("ul");
  if (line) line.scrollLeft = link.offsetLeft - (line.clientWidth - link.offsetWidth) / 2;
}

/** The next person at this browser must not find what this one typed, or the names of groups. */
function forgetMember() {
  for (const storage of [localStorage, sessionStorage]) {
    for (const key of Object.keys(storage)) if (key.startsWith("atlas-")) storage.removeItem(key);
  }
}

export function startNavigation() {
  focusHeading();
  showCurrentLink();
  document.querySelector(".side nav")?.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const opensElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (link && !opensElsewhere) sessionStorage.setItem(DESTINATION_KEY, link.pathname);
  });
  document.querySelector("form[action='/sign-out']")?.addEventListener("submit", forgetMember);
  // In the sidebar, the menu is no popover.
  matchMedia("(min-width: 48rem)").addEventListener("change", () => menu?.matches(":popover-open") && menu.hidePopover());
}
