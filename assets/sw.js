/**
 * The service worker: assets come from this browser, and `/today` opens without a connection as it was seen last. No other
 * page is kept, and signing in or out forgets the one that is. The server puts `ASSETS`, the addresses of this build, first.
 */

const PAGES = "atlas-pages";
const ASSET_CACHE = `atlas-assets ${ASSETS.join(" ")}`;
const PATIENCE = 5 * 1000;
/** What a proxy answers while Atlas starts again. */
const ABSENT = [502, 503, 504];
const FORGETTING = ["/sign-in", "/sign-out", "/api/auth/sign-in", "/api/auth/logout"];

self.addEventListener("install", (event) => {
  const fill = async () => {
    await (await caches.open(ASSET_CACHE)).addAll([...ASSETS, "/offline"]);
    await self.skipWaiting();
  };
  event.waitUntil(fill());
});

self.addEventListener("activate", (event) => {
  const takeOver = async () => {
    for (const name of await caches.keys()) {
      // A kept page names the assets of its build, so it goes with them.
      if (name !== ASSET_CACHE) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(takeOver());
});

async function keep(response) {
  await (await caches.open(PAGES)).put("/today", response);
}

/** The list as it was kept, marked with when that was. */
async function kept() {
  const response = await (await caches.open(PAGES)).match("/today");
  if (!response) return undefined;
  const seen = new Date(response.headers.get("date") ?? Date.now()).toISOString();
  const page = (await response.text()).replace("<html ", `<html data-kept="${seen}" `);
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  return new Response(page, { headers });
}

async function open(event, pathname) {
  const isToday = pathname === "/today" || pathname === "/";
  const old = isToday ? await kept() : undefined;
  const answer = async () => {
    const response = await fetch(event.request);
    if (pathname === "/today" && response.ok) event.waitUntil(keep(response.clone()));
    // Led elsewhere: nobody is signed in any more.
    if (pathname === "/today" && response.type === "opaqueredirect") event.waitUntil(caches.delete(PAGES));
    return old && ABSENT.includes(response.status) ? old : response;
  };
  const network = answer();
  try {
    if (!old) return await network;
    return await Promise.race([network, new Promise((resolve) => setTimeout(resolve, PATIENCE, old))]);
  } catch {
    return old ?? await caches.match("/offline") ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "POST" && FORGETTING.includes(pathname)) event.waitUntil(caches.delete(PAGES));
  if (request.method !== "GET") return;
  if (pathname.startsWith("/assets/")) {
    event.respondWith(caches.match(request).then((asset) => asset ?? fetch(request)));
  } else if (request.mode === "navigate") {
    event.respondWith(open(event, pathname));
  }
});
