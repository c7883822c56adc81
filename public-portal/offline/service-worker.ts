/**
 * Keeps the page itself, so that it opens without a network. Answers of the service are never kept: an old 'valid' would
 * be worse than none. The build fills in the list of files, and a new list makes a new worker.
 */
const { version, files } = JSON.parse('__FILES_OF_THIS_SITE__') as {
  readonly version: string;
  readonly files: readonly string[];
};

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface WorkerScope {
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
}
// The DOM's types know a window only.
const worker = self as unknown as WorkerScope;

const CACHE = `spondon-${version}`;
/** Addresses that all show the page. */
const PAGE = /^\/(?:|index\.html|v|d\/[^/]*)$/;

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (origin !== location.origin || event.request.method !== 'GET') return;
  if (event.request.mode === 'navigate' && PAGE.test(pathname)) event.respondWith(page(event.request));
  else if (files.includes(pathname)) event.respondWith(asset(event.request));
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  // The decoders are large, and many visitors never need them: kept once they were used.
  await cache.addAll(files.filter((file) => !/\.(?:html|wasm)$/.test(file)));
  await cache.add('/');
  await worker.skipWaiting();
}

async function activate(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith('spondon-') && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** The present page where there is a network, so that a correction reaches people at once. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match('/')) ?? Response.error();
  }
}

/** Names change with contents, so what is kept is right. */
async function asset(request: Request): Promise<Response> {
  const kept = await caches.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await (await caches.open(CACHE)).put(request, response.clone());
  return response;
}
