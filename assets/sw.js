/**
 * The service worker. It serves assets from a cache, and /today from the last stored copy while the server cannot be reached. No
 * other page is stored, and signing in or out deletes the copy. The server puts before this script a line that defines `ASSETS`,
 * the asset URLs of this build, and the functions of answers.js.
 */

const PAGE_CACHE = "atlas-pages";
const ASSET_CACHE = `atlas-assets ${ASSETS.join(" ")}`;
const NETWORK_TIMEOUT_MS = 5 * 1000;
/** Statuses of a proxy while Atlas restarts. */
const UNAVAILABLE_STATUSES = [502, 503, 504];
/** The beginnings of the paths of every POST that changes who is signed in. */
const SIGN_IN_PATHS = ["/sign-in", "/sign-out", "/account/delete", "/api/auth/"];

/** Fetches an asset and compares it with the hash in its name, because a network may answer with a page of its own. */
async function fetchAsset(address) {
  const response = await fetch(address);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.clone().arrayBuffer()));
  const hash = Array.from(digest.slice(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (!address.includes(`.${hash}.`)) throw new TypeError(`The answer for ${address} is something else`);
  return response;
}

async function fetchOfflinePage() {
  const response = await fetch("/offline");
  if (!await readPageAnswer(response.clone(), "/offline")) throw new TypeError("The answer for /offline is something else");
  return response;
}

self.addEventListener("install", (event) => {
  const install = async () => {
    const cache = await caches.open(ASSET_CACHE);
    const store = async (address, fetched) => cache.put(address, await fetched);
    await Promise.all([...ASSETS.map((asset) => store(asset, fetchAsset(asset))), store("/offline", fetchOfflinePage())]);
    await self.skipWaiting();
  };
  event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  const activate = async () => {
    for (const name of await caches.keys()) {
      // The page cache is deleted too, because its page refers to assets of the previous build.
      if (name !== ASSET_CACHE) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(activate());
});

/** How often the copy was deleted because someone else may be signed in. */
let signIns = 0;

async function deleteStoredToday() {
  signIns += 1;
  await caches.delete(PAGE_CACHE);
}

/** The stored copy of /today: `{ response, html, member }`, or undefined. */
async function findStoredToday() {
  const response = await (await caches.open(PAGE_CACHE)).match("/today");
  const answer = response && await readPageAnswer(response.clone(), "/today");
  return answer && { ...answer, response };
}

const HABITS_BLOCK = /<script type="application\/json" id="stored-habits">.*?<\/script>/s;

/** The person's habits and their last days as a data block for the stored copy, from which its script draws the list of a new day. If Atlas does not
 *  answer, the block of the previous copy. */
async function fetchHabitsBlock(stored) {
  const answer = await fetch("/api/habits?recentDays=true", { redirect: "error" }).then(readApiAnswer).catch(() => undefined);
  if (!answer?.data?.habits) return HABITS_BLOCK.exec(stored?.html ?? "")?.[0] ?? "";
  const json = JSON.stringify(answer.data.habits).replaceAll("<", "\\u003c");
  return `<script type="application/json" id="stored-habits">${json}</script>`;
}

/** Stores /today if Atlas rendered it, whole, for the account whose copy is stored. Another account's copy is stored only after
 *  someone has signed in, which deletes the previous one. Anything else leaves the copy as it is. */
async function storeToday(response) {
  const signInsBefore = signIns;
  const answer = await readPageAnswer(response, "/today");
  if (!response.ok || !answer?.member) return;
  const stored = await findStoredToday();
  if (stored && stored.member !== answer.member) return;
  const habits = await fetchHabitsBlock(stored);
  if (signIns !== signInsBefore) return;
  const html = answer.html.replace("</body>", () => `${habits}</body>`);
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  headers.delete("content-length");
  headers.set("date", new Date().toUTCString());
  await (await caches.open(PAGE_CACHE)).put("/today", new Response(html, { headers }));
}

/** Deletes the stored copy if Atlas itself says that the session has ended. A redirect alone may come from the network. */
async function forgetEndedSession() {
  const answer = await readApiAnswer(await fetch("/api/habits", { redirect: "error" }));
  if (answer?.status === 401) await deleteStoredToday();
}

/** Returns the stored copy of /today, with its time in an attribute of the document. */
async function readStoredToday() {
  const stored = await findStoredToday();
  if (!stored) return undefined;
  const { headers } = stored.response;
  const storedAt = new Date(headers.get("date")).toISOString();
  return new Response(stored.html.replace("<html ", `<html data-kept="${storedAt}" `), { headers });
}

/** Fetches /today or another page, and keeps the stored copy of /today current. With a query, /today may have a notice. */
async function fetchPage(event, pathname) {
  const response = await fetch(event.request);
  const isToday = pathname === "/today" && !event.request.url.includes("?");
  if (isToday && response.ok) event.waitUntil(storeToday(response.clone()));
  // After the end of a session /today leads to the sign-in page.
  if (isToday && response.type === "opaqueredirect") event.waitUntil(forgetEndedSession().catch(() => {}));
  return response;
}

async function loadPage(event, pathname) {
  const isToday = pathname === "/today" || pathname === "/";
  const stored = isToday ? await readStoredToday() : undefined;
  const loadFromNetwork = async () => {
    const response = await fetchPage(event, pathname);
    return stored && UNAVAILABLE_STATUSES.includes(response.status) ? stored : response;
  };
  const network = loadFromNetwork();
  try {
    if (!stored) return await network;
    return await Promise.race([network, new Promise((resolve) => setTimeout(resolve, NETWORK_TIMEOUT_MS, stored))]);
  } catch {
    return stored ?? await caches.match("/offline") ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "POST" && SIGN_IN_PATHS.some((path) => pathname.startsWith(path))) {
    event.waitUntil(deleteStoredToday());
  }
  if (request.method !== "GET") return;
  if (pathname.startsWith("/assets/")) {
    event.respondWith(caches.match(request).then((asset) => asset ?? fetch(request)));
  } else if (request.mode === "navigate") {
    event.respondWith(loadPage(event, pathname));
  } else if (pathname === "/today") {
    // A script of the page asks for a newer copy.
    event.respondWith(fetchPage(event, pathname));
  }
});
