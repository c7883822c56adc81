import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';
import {
  sharedService,
  type SharedService,
} from '@spondon/verifier-service/deployment/shared-service.test-support';
import { type Browser, chromium, type Page } from 'playwright-core';

const PROGRAM = process.env.SPONDON_CHROMIUM ?? '/usr/bin/chromium';
/** For `skip`: false when there is a Chromium. */
export const noChromium =
  spawnSync(PROGRAM, ['--version']).status === 0 ? false : 'no Chromium here (Debian: apt install chromium)';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Kept by the run, to be looked at. */
const SCREENSHOTS = fileURLToPath(new URL('../../screenshots/', import.meta.url));

export const SIZES = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 900 },
} as const;
export type Size = keyof typeof SIZES;
export type Language = 'en' | 'bn';

export interface Look {
  readonly size?: Size;
  readonly language?: Language;
  readonly colorScheme?: 'light' | 'dark';
}

export interface Portal {
  readonly service: SharedService;
  /** Where it listens, without a slash at the end. */
  readonly origin: string;
  readonly visit: Visit;
}

/** A visitor's first page, not gone anywhere yet. Whatever it does against the rules fails the test that ends it. */
export type Visit = (look?: Look) => Promise<Page>;

/** The service with its page, and a browser; both end after the last test of a file. */
export async function openPortal(): Promise<Portal> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const service = await sharedService({ SPONDON_PORTAL_URL: origin });
  await service.app.listen({ host: '127.0.0.1', port });
  return { service, origin, visit: await openBrowser(origin) };
}

/** Ends after the last test of a file. */
export async function openBrowser(origin: string, flags: readonly string[] = []): Promise<Visit> {
  const browser = await launchBrowser(flags);
  after(() => browser.close());
  return (look) => visit(browser, origin, look);
}

/** Whoever asks for it closes it. */
export function launchBrowser(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: PROGRAM, args: [...FLAGS, ...flags] });
}

async function visit(browser: Browser, origin: string, look: Look = {}): Promise<Page> {
  const { size = 'desktop', language = 'en', colorScheme = 'light' } = look;
  const context = await browser.newContext({
    baseURL: origin,
    viewport: SIZES[size],
    colorScheme,
    locale: language === 'bn' ? 'bn-BD' : 'en-GB',
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    const text = message.text();
    // A page that a test goes to may be missing; nothing that a page loads may.
    const isMissingPage = message.location().url === page.url() && text.includes('status of 404');
    if (message.type() === 'error' && !isMissingPage && !isOfTheNetwork(text)) faults.push(text);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^https?:/.test(url.protocol) && url.origin !== origin) faults.push(`asked elsewhere: ${url.href}`);
  });
  page.on('close', () => assert.deepEqual(faults, []));
  return page;
}

/** Tests take the network away. */
function isOfTheNetwork(text: string): boolean {
  return /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED|ERR_FAILED|status of 5\d\d/.test(text);
}

export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
