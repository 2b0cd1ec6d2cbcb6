/**
 * The service worker. It serves assets from a cache, and /today from the last stored copy while the server cannot be reached. No
 * other page is stored, and signing in or out deletes the copy. The server puts a line before this script that defines `ASSETS`,
 * the asset URLs of this build.
 */

const PAGE_CACHE = "atlas-pages";
const ASSET_CACHE = `atlas-assets ${ASSETS.join(" ")}`;
const NETWORK_TIMEOUT_MS = 5 * 1000;
/** Statuses of a proxy while Atlas restarts. */
const UNAVAILABLE_STATUSES = [502, 503, 504];
/** A POST to these paths changes who is signed in. */
const SIGN_IN_PATHS = ["/sign-in", "/sign-out", "/api/auth/sign-in", "/api/auth/logout"];

self.addEventListener("install", (event) => {
  const install = async () => {
    await (await caches.open(ASSET_CACHE)).addAll([...ASSETS, "/offline"]);
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

async function storeToday(response) {
  await (await caches.open(PAGE_CACHE)).put("/today", response);
}

/** Returns the stored copy of /today, with its time in an attribute of the document. */
async function readStoredToday() {
  const response = await (await caches.open(PAGE_CACHE)).match("/today");
  if (!response) return undefined;
  const storedAt = new Date(response.headers.get("date") ?? Date.now()).toISOString();
  const page = (await response.text()).replace("<html ", `<html data-kept="${storedAt}" `);
  const headers = new Headers(response.headers);
  headers.delete("content-encoding");
  return new Response(page, { headers });
}

async function loadPage(event, pathname) {
  const isToday = pathname === "/today" || pathname === "/";
  const stored = isToday ? await readStoredToday() : undefined;
  const loadFromNetwork = async () => {
    const response = await fetch(event.request);
    if (pathname === "/today" && response.ok) event.waitUntil(storeToday(response.clone()));
    // A redirect of /today means that the session has ended.
    if (pathname === "/today" && response.type === "opaqueredirect") event.waitUntil(caches.delete(PAGE_CACHE));
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
  if (request.method === "POST" && SIGN_IN_PATHS.includes(pathname)) event.waitUntil(caches.delete(PAGE_CACHE));
  if (request.method !== "GET") return;
  if (pathname.startsWith("/assets/")) {
    event.respondWith(caches.match(request).then((asset) => asset ?? fetch(request)));
  } else if (request.mode === "navigate") {
    event.respondWith(loadPage(event, pathname));
  }
});
