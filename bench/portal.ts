import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchBrowser } from '@spondon/public-portal/browser-tests/browser.test-support';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { createClient } from './client.js';
import { megabytes, milliseconds, percentile, seconds } from './figures.js';
import { readOptions } from './options.js';
import { printReport, type Row, tellProgress } from './report.js';
import { sampleUploads } from './sample-upload.js';
import { removeData, type Service, startService } from './service.js';

/**
 * The portal in Chromium, as slow as a cheap telephone on a poor link: how soon it can be used, what it fetches, and
 * whether it answers to its visitor while it works. Needs `chromium`, or what SPONDON_CHROMIUM names.
 */

/** Of Chromium's emulation: added to every request, since connections are not emulated. */
const LINK = { latencyMs: 400, kilobitsPerSecond: 400 };
const CPU_SLOWDOWN = 4;
const LANGUAGES = { English: 'en-GB', Bangla: 'bn-BD' } as const;
/** About the largest file that is searched for codes. */
const SEARCHED_BYTES = 25_000_000;
const STREAMED_BYTES = 300_000_000;
const CLICKS = 40;

const options = readOptions();
const visits = options.quick ? 1 : 5;
const filesInBulk = options.quick ? 200 : 2000;

const folder = await mkdtemp(join(tmpdir(), 'spondon-bench-'));
const service = await startService();
try {
  const documents = await issueAll(service);
  const browser = await launchBrowser();
  try {
    const rows = [
      ...(await firstLoad(browser)),
      ...(await parts(browser, documents)),
      ...(await largestSearched(browser)),
      ...(await bulk(browser, documents)),
    ];
    await printReport(
      'The portal in a browser',
      {
        Chromium: browser.version(),
        link: `${LINK.kilobitsPerSecond} kbit/s and ${LINK.latencyMs} ms a request, for the first load`,
        'main thread': `${CPU_SLOWDOWN} times slower`,
        visits,
      },
      [...rows, ...(await streamed())],
    );
  } finally {
    await browser.close();
  }
} finally {
  await service.stop();
  await removeData(service);
  await rm(folder, { recursive: true, force: true });
}

/** From the address entered until the page can be used: files can be chosen, and the field for codes answers to typing. */
async function firstLoad(browser: Browser): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [language, locale] of Object.entries(LANGUAGES)) {
    const times: number[] = [];
    let bytes = { untilUsable: 0, all: 0 };
    for (let visit = 0; visit < visits; visit++) {
      tellProgress(`first load in ${language}, ${visit + 1} of ${visits}`);
      // The service worker fetches for later visits: by itself, and outside of this emulation.
      const context = await browser.newContext({ locale, serviceWorkers: 'block' });
      const page = await context.newPage();
      await slowDown(page, { link: true });
      const fetched = countFetched(page);
      await page.addInitScript(noteWhenUsable);
      await page.goto(service.url, { waitUntil: 'commit' });
      times.push(await usableAt(page));
      const untilUsable = fetched.bytes();
      await page.waitForLoadState('networkidle');
      bytes = { untilUsable, all: fetched.bytes() };
      await context.close();
    }
    rows.push(
      {
        figure: `first load until usable, ${language}`,
        result: `p50 ${milliseconds(percentile(times, 0.5))}, max ${milliseconds(Math.max(...times))}`,
        goal: '≤ 3 s',
      },
      { figure: `fetched by then, ${language}`, result: kilobytes(bytes.untilUsable), goal: '≤ 100 KB' },
      { figure: `with fonts and the trust list, ${language}`, result: kilobytes(bytes.all) },
    );
  }
  return rows;
}

/** What is fetched when it is first needed. */
async function parts(browser: Browser, documents: readonly string[]): Promise<Row[]> {
  tellProgress('parts that are fetched when needed');
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await visit(context);
  const picture = join(folder, 'picture.png');
  await page.screenshot({ path: picture });
  const fetched = countFetched(page);
  // Of an original no page is looked at, so it takes a copy that is none.
  const copy = join(folder, 'copy.pdf');
  await writeFile(copy, Buffer.concat([await readFile(documents[0] ?? ''), Buffer.from('\n')]));
  await check(page, picture);
  await again(page);
  await check(page, copy);
  await page.waitForLoadState('networkidle');
  const row = (figure: string, names: RegExp): Row => ({ figure, result: kilobytes(fetched.bytes(names)) });
  const rows = [
    row('fetched for the first file: the thread that hashes and searches', /\/read\.worker/),
    row('for the first picture: QR reader', /\/(?:zxing_reader|qr-codes|wasm-)/),
    row('for the first PDF besides: PDF renderer', /\/(?:pdfium|pdf-pages)/),
    row('for the first record found: verifier of evidence', /\/evidence-/),
  ];
  await context.close();
  return [...rows, await workersOwn(browser)];
}

/** What the service worker fetches beside the page, so that it opens without a network. */
async function workersOwn(browser: Browser): Promise<Row> {
  const context = await browser.newContext();
  const fetched = countFetched(context);
  const page = await visit(context);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.waitForLoadState('networkidle');
  const result = kilobytes(fetched.bytes(/./, (request) => request.serviceWorker() !== null));
  await context.close();
  return { figure: 'after the first load, for visits without a network: service worker', result };
}

async function largestSearched(browser: Browser): Promise<Row[]> {
  tellProgress('a file of 25 MB');
  const context = await browser.newContext();
  const page = await visit(context);
  await slowDown(page);
  await page.evaluate(noteLongTasks);
  const took = await check(page, await someFile(SEARCHED_BYTES));
  const longest = await page.evaluate(longestTask);
  await context.close();
  return [
    { figure: `${megabytes(SEARCHED_BYTES)} until answered`, result: seconds(took / 1000) },
    { figure: 'longest task of the main thread meanwhile', result: task(longest) },
  ];
}

/** In a browser of its own, whose memory holds nothing else. */
async function streamed(): Promise<Row[]> {
  tellProgress('a file of 300 MB');
  const browser = await launchBrowser();
  try {
    const page = await visit(await browser.newContext());
    const before = await peakMemory(browser);
    const took = await check(page, await someFile(STREAMED_BYTES));
    const peak = await peakMemory(browser);
    return [
      {
        figure: `${megabytes(STREAMED_BYTES)}, hashed piece by piece, until answered`,
        result: seconds(took / 1000),
      },
      {
        figure: 'most memory of its process by then',
        result: `${megabytes(peak)}, ${megabytes(before)} before`,
      },
    ];
  } finally {
    await browser.close();
  }
}

async function bulk(browser: Browser, documents: readonly string[]): Promise<Row[]> {
  tellProgress(`${filesInBulk} files at once`);
  const files: string[] = [];
  for (let at = 0; at < filesInBulk; at++) {
    const path = join(folder, `applicant-${at}.pdf`);
    // Each tenth is genuine.
    const document = at % 10 === 0 ? documents[(at / 10) % documents.length] : undefined;
    await writeFile(path, document === undefined ? randomBytes(2000) : await readFile(document));
    files.push(path);
  }
  const context = await browser.newContext();
  const page = await visit(context);
  await slowDown(page);
  await page.evaluate(noteLongTasks);
  await page.evaluate(noteClicks);
  const begun = performance.now();
  await choose(page, files);
  await page.locator('tbody tr').first().waitFor();
  const taking = await page.evaluate(longestTask);
  const heading = page.locator('thead button').first();
  // By name, up and down: every row is compared, with all the others still being checked.
  for (let click = 0; click < CLICKS; click++) await heading.click();
  const clicks = await page.evaluate(clicksNoted);
  await page.getByRole('status').getByText('All are checked').waitFor({ timeout: 0 });
  const took = performance.now() - begun;
  const longest = await page.evaluate(longestTask);
  await context.close();
  return [
    {
      figure: `${filesInBulk.toLocaleString('en')} files at once, until all are checked`,
      result: seconds(took / 1000),
    },
    { figure: 'longest task of the main thread while they are taken', result: task(taking) },
    { figure: 'and while they are checked', result: task(longest) },
    {
      figure: `from a click that sorts the table until it is painted, ${clicks.length} clicks`,
      result: `p50 ${milliseconds(percentile(clicks, 0.5))}, max ${milliseconds(Math.max(...clicks))}`,
    },
  ];
}

async function visit(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(service.url);
  await page.waitForSelector('.drop');
  return page;
}

async function slowDown(page: Page, { link = false } = {}): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWDOWN });
  if (!link) return;
  const throughput = (LINK.kilobitsPerSecond * 1000) / 8;
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: LINK.latencyMs,
    downloadThroughput: throughput,
    uploadThroughput: throughput,
  });
}

function choose(page: Page, paths: string | readonly string[]): Promise<void> {
  return page.locator('input[type=file]').first().setInputFiles(paths);
}

/** Until the answer stands there, ms. */
async function check(page: Page, path: string): Promise<number> {
  const begun = performance.now();
  await choose(page, path);
  await page.locator('article.answer').waitFor({ timeout: 0 });
  return performance.now() - begun;
}

async function again(page: Page): Promise<void> {
  await page.locator('.brand').click();
  await page.waitForSelector('.drop');
}

interface Fetched {
  /** As they went over the wire, headers included; of those whose address matches. */
  bytes(address?: RegExp, isMeant?: (request: Request) => boolean): number;
}

function countFetched(of: Page | BrowserContext): Fetched {
  const sizes = new Map<Request, number>();
  const count = async (request: Request): Promise<void> => {
    const { responseBodySize, responseHeadersSize } = await request.sizes();
    // Of a thread's own script the browser tells no size.
    const told = Number(await (await request.response())?.headerValue('content-length'));
    sizes.set(request, (responseBodySize || told) + responseHeadersSize);
  };
  // A page's and a context's events have the same name, and types of their own.
  if ('pages' in of) of.on('requestfinished', (request) => void count(request));
  else of.on('requestfinished', (request) => void count(request));
  return {
    bytes: (address = /./, isMeant = () => true) =>
      [...sizes]
        .filter(([request]) => address.test(new URL(request.url()).pathname) && isMeant(request))
        .reduce((sum, [, size]) => sum + size, 0),
  };
}

/** Of the processes that show pages: the most memory that one of them has had, bytes. */
async function peakMemory(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  const peaks = renderers.map(async ({ id }) => {
    const status = await readFile(`/proc/${id}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) * 1024;
  });
  return Math.max(...(await Promise.all(peaks)));
}

/** Of random bytes: found in no log, and nothing that a decoder would know. */
async function someFile(bytes: number): Promise<string> {
  const path = join(folder, `${bytes}.bin`);
  const piece = randomBytes(1_000_000);
  const file = await open(path, 'w');
  for (let written = 0; written < bytes; written += piece.length)
    await file.write(piece.subarray(0, bytes - written));
  await file.close();
  return path;
}

/** One document of each kind, stamped and anchored: paths of their files. */
async function issueAll({ url, hospitalKey }: Service): Promise<string[]> {
  tellProgress('issuing documents');
  const key = await hospitalKey();
  const headers = { authorization: `Bearer ${key}` };
  const client = createClient(url, 1);
  try {
    const paths: string[] = [];
    for (const upload of await sampleUploads('en', 200_000, key)) {
      const { documentId } = (await client.json(upload)) as { documentId: string };
      const state = async () =>
        (await client.json({ path: `/v1/documents/${documentId}`, headers })) as { state: string };
      while ((await state()).state !== 'anchored');
      const answer = await fetch(`${url}/v1/documents/${documentId}/file`, { headers });
      const path = join(folder, `${documentId}.pdf`);
      await writeFile(path, Buffer.from(await answer.arrayBuffer()));
      paths.push(path);
    }
    return paths;
  } finally {
    client.close();
  }
}

/** What the programs inside the page leave for this one, below. */
interface Noted {
  usableAt?: number;
  longest: number;
  clicks: number[];
}

function usableAt(page: Page): Promise<number> {
  return page
    .waitForFunction(() => (globalThis as unknown as Noted).usableAt, undefined, { timeout: 0 })
    .then((handle) => handle.jsonValue()) as Promise<number>;
}

/** Runs in the page. Types a letter as soon as there is a field, and waits for the page to count it. */
function noteWhenUsable(): void {
  let before: string | null = null;
  const observer = new MutationObserver(() => {
    const field = document.querySelector<HTMLInputElement>('#code');
    const state = document.querySelector('#code-state')?.textContent ?? null;
    if (!field || state === null || !document.querySelector('input[type=file]')) return;
    if (before === null) {
      before = state;
      field.value = '7';
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    } else if (state !== before) {
      observer.disconnect();
      requestAnimationFrame(() => ((globalThis as unknown as Noted).usableAt = performance.now()));
    }
  });
  observer.observe(document, { childList: true, subtree: true, characterData: true });
}

/** Runs in the page. */
function noteLongTasks(): void {
  const noted = globalThis as unknown as Noted;
  noted.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) noted.longest = Math.max(noted.longest, duration);
  }).observe({ type: 'longtask' });
}

/** Runs in the page. Since it was asked last. */
function longestTask(): number {
  const noted = globalThis as unknown as Noted;
  const { longest } = noted;
  noted.longest = 0;
  return longest;
}

/** Runs in the page. The browser's own measure: from the input until the next frame is shown. */
function noteClicks(): void {
  const noted = globalThis as unknown as Noted;
  noted.clicks = [];
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === 'click') noted.clicks.push(duration);
  }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
}

function clicksNoted(): number[] {
  return (globalThis as unknown as Noted).clicks;
}

/** Browsers tell of tasks above 50 ms only. */
function task(longest: number): string {
  return longest === 0 ? 'none above 50 ms' : milliseconds(longest);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} KB`;
}
