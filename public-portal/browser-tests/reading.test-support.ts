import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { portalRoutes } from '@spondon/verifier-service/routes/portal';
import fastify from 'fastify';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import config from '../vite.config.js';
import type { FileFault, ReadFile, Reading } from '../read/reading.js';
import { openBrowser, type Visit } from './browser.test-support.js';

const PAGE = fileURLToPath(new URL('../../browser-tests/reading-page/', import.meta.url));

export interface ReadingSite {
  readonly port: string;
  close(): Promise<void>;
}

/** The page of `reading-page/`, built and served as the portal is, under its Content-Security-Policy. */
export async function startReadingSite(): Promise<ReadingSite> {
  const site = await mkdtemp(join(tmpdir(), 'spondon-reading-'));
  const built = { ...config.build, outDir: site, emptyOutDir: true, rollupOptions: {} };
  await build({ ...config, configFile: false, root: PAGE, plugins: [], logLevel: 'warn', build: built });
  // Chromium holds connections in reserve on which it never asks anything: closing would wait for them.
  const app = fastify({ forceCloseConnections: true });
  await app.register(portalRoutes, { site });
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  return {
    port,
    close: async () => {
      await app.close();
      await rm(site, { recursive: true });
    },
  };
}

/** The same on this port, until the last test of a file has run. */
export async function serveReadingPage(): Promise<string> {
  const site = await startReadingSite();
  after(() => site.close());
  return site.port;
}

/** Visitors who are on the page already. */
export async function openReadingPage(): Promise<Visit> {
  const visit = await openBrowser(`http://localhost:${await serveReadingPage()}`);
  return async (look) => {
    const page = await visit(look);
    await page.goto('/');
    return page;
  };
}

/** What the page of `reading-page/` offers to its tests. */
declare const readFile: ReadFile;

/** A minute: a test is about what is found, on a machine as slow as it may be. */
const SEARCH_MS = 60_000;

export interface ReadingOptions {
  readonly searchMs?: number;
}

/** Gives a file to the page and has it read there. */
export async function readIn(
  page: Page,
  file: Uint8Array,
  options?: ReadingOptions,
): Promise<Reading | FileFault['code']> {
  await page.setInputFiles('input[type=file]', { name: 'a', mimeType: '', buffer: Buffer.from(file) });
  return readChosen(page, options);
}

/** Has the page read the file that it was given. */
export function readChosen(
  page: Page,
  { searchMs = SEARCH_MS }: ReadingOptions = {},
): Promise<Reading | FileFault['code']> {
  return page.evaluate(async (limit) => {
    const [chosen] = document.querySelector('input')?.files ?? [];
    if (!chosen) throw new Error('no file was chosen');
    const options = { onProgress: () => undefined, signal: new AbortController().signal, searchMs: limit };
    try {
      return await readFile(chosen, options);
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error;
      return error.code as FileFault['code'];
    }
  }, searchMs);
}
