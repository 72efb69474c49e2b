/** The service worker. The shell is kept whole, one version at a time; the API is never kept here. */

declare const self: ServiceWorkerGlobalScope;
declare const __FILES__: readonly string[];
declare const __VERSION__: string;

const CACHE = `textension-${__VERSION__}`;
const CONFIG = "config.json";
const scope = () => self.registration.scope;
const address = (file: string) => new URL(file, scope()).href;

self.addEventListener("install", (event) => {
  const files = __FILES__.map((file) => new Request(address(file), { cache: "no-cache" }));
  files.push(new Request(address(CONFIG), { cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(clean().then(() => self.clients.claim()));
});

async function clean(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith("textension-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope())) return;
  if (request.mode === "navigate") event.respondWith(kept(address("index.html"), request));
  else if (request.url === address(CONFIG)) event.respondWith(fresh(request));
  else event.respondWith(kept(request.url, request));
});

async function kept(url: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(url, { ignoreVary: true })) ?? fetch(request);
}

/** The network's word, and what it said last where there is none. */
async function fresh(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request.url, response.clone());
    return response;
  } catch (error) {
    const last = await cache.match(request.url, { ignoreVary: true });
    if (last) return last;
    throw error;
  }
}

type Pushed = { message_id: string; number: string; peer: string; text?: string };

self.addEventListener("push", (event) => {
  const said = event.data?.json() as Pushed | undefined;
  if (said) event.waitUntil(show(said));
});

/** One notification for each conversation; none says more than the push itself. */
async function show(said: Pushed): Promise<void> {
  const open = `#/c/${encodeURIComponent(said.number)}/${encodeURIComponent(said.peer)}`;
  await self.registration.showNotification(said.text ? said.peer : "Textension", {
    body: said.text ?? "You have a new text.",
    tag: open,
    icon: address("icon-192.png"),
    badge: address("icon-192.png"),
    data: { open },
  });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(look((event.notification.data as { open: string }).open));
});

async function look(open: string): Promise<void> {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const [first] = windows;
  if (!first) {
    await self.clients.openWindow(`${scope()}${open}`);
    return;
  }
  await first.focus();
  first.postMessage({ open });
}

export {};
