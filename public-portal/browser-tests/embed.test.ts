import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { formatDocumentId, parseDocumentId } from '@spondon/protocol/document-id';
import type { ElementHandle, Frame, Page } from 'playwright-core';
import { noChromium, openBrowser, openPortal, screenshot, type Visit } from './browser.test-support.js';

describe('the check in another site’s page', { skip: noChromium }, async () => {
  if (noChromium) return;
  const { service, origin, visit } = await openPortal();
  const { body } = await service.issue();
  await service.anchored();
  const code = parseDocumentId(body.documentId ?? '');
  const folder = await mkdtemp(join(tmpdir(), 'spondon-test-'));
  after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'report.pdf');
  await writeFile(path, await service.fileOf(code));

  /** Under another host than the portal's, and as strict as a ministry's page may be. */
  let html = '';
  const ministry = createServer((_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; script-src ${origin}; frame-src ${origin}`,
    });
    response.end(`<!doctype html><html lang="en"><title>Ministry</title><main>${html}</main></html>`);
  }).listen(0, '127.0.0.1');
  after(() => ministry.close());
  await once(ministry, 'listening');
  const address = `http://127.0.0.1:${(ministry.address() as AddressInfo).port}`;

  /** A page of the ministry's, and what went wrong in it. */
  const open = async (content: string, from: Visit = visit): Promise<{ page: Page; faults: string[] }> => {
    html = content;
    // The visitor's first page is watched for going elsewhere, which this one has to.
    const page = await (await from()).context().newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(address);
    return { page, faults };
  };
  const script = (attributes = ''): string => `<script src="${origin}/embed.js" ${attributes}></script>`;
  const frameIn = async (page: Page): Promise<Frame> => {
    const element = await page.waitForSelector('iframe');
    return (await element.contentFrame()) ?? assert.fail('no frame');
  };
  const bring = (frame: Frame): Promise<void> =>
    frame.locator('input[type=file]').first().setInputFiles(path);
  /** As the browser itself does it, when a visitor drags the file out of a folder. */
  const drop = async (page: Page, place: ElementHandle): Promise<void> => {
    const { x, y } = (await place.boundingBox()) ?? assert.fail('not to be seen');
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files: [path], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', { type, x: x + 20, y: y + 20, data });
  };
  const verdict = async (frame: Frame): Promise<string> => {
    await frame.waitForSelector('article.answer');
    return frame.locator('.verdict h1').innerText();
  };
  /** Until the frame is as high as what it shows: nothing to scroll, nothing blank. */
  const untilItFits = (frame: Frame): Promise<unknown> =>
    frame.waitForFunction(() => {
      const { height } = document.querySelector('#page')?.getBoundingClientRect() ?? { height: 0 };
      return height > 0 && Math.ceil(height) === innerHeight;
    });

  it('a frame in Bangla, as high as its content, in which a genuine document is genuine', async () => {
    const { page, faults } = await open(
      `<div data-spondon data-lang="bn"><a href="${origin}">নথি যাচাই</a></div>${script('async')}`,
    );
    const frame = await frameIn(page);
    await frame.getByRole('heading', { level: 1, name: 'নথিটি কি আসল?' }).waitFor();
    assert.equal(await page.locator('[data-spondon] a').count(), 0);
    assert.equal(await page.getByTitle('স্বাস্থ্য নথি যাচাই').getAttribute('allow'), 'camera');
    await untilItFits(frame);
    await bring(frame);
    assert.equal(await verdict(frame), 'আসল');
    await untilItFits(frame);
    await screenshot(page, 'embedded-bn');
    assert.deepEqual(faults, []);
  });

  it('names its own host, and opens the page itself beside the site', async () => {
    const { page, faults } = await open(script());
    const frame = await frameIn(page);
    const { host } = new URL(origin);
    await frame.getByText(`This check belongs to ${host}`).waitFor();
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      frame.getByRole('link', { name: `Open ${host}` }).click(),
    ]);
    await opened.getByText(`This check is found at ${host} and nowhere else`).waitFor();
    assert.equal(new URL(opened.url()).pathname, '/');
    await untilItFits(frame);
    await screenshot(page, 'embedded-en');
    assert.deepEqual(faults, []);
  });

  it('a typed code and a dropped file are checked in place: the frame keeps its address', async () => {
    const { page, faults } = await open(script());
    const frame = await frameIn(page);
    const field = frame.getByLabel('Code beside the QR code');
    await field.fill(formatDocumentId(code));
    await field.press('Enter');
    assert.equal(await verdict(frame), 'Registered: now compare');
    await frame.getByRole('button', { name: 'Check another' }).click();
    await drop(page, await frame.waitForSelector('.drop'));
    assert.equal(await verdict(frame), 'Genuine');
    assert.equal(new URL(frame.url()).pathname, '/embed');
    assert.deepEqual(faults, []);
  });

  it('works where the browser lends framed sites no storage', async () => {
    const strict = await openBrowser(origin, ['--test-third-party-cookie-phaseout']);
    const { page, faults } = await open(script(), strict);
    const frame = await frameIn(page);
    await frame.waitForSelector('.drop');
    await bring(frame);
    assert.equal(await verdict(frame), 'Genuine');
    assert.deepEqual(faults, []);
  });

  it('a height is taken from its own frame alone', async () => {
    const { page } = await open(`<p>News</p>${script()}`);
    const frame = await frameIn(page);
    await frame.waitForSelector('.drop');
    await untilItFits(frame);
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          addEventListener('message', resolve, { once: true });
          postMessage({ spondon: 'height', height: 1 }, '*');
        }),
    );
    await untilItFits(frame);
  });

  it('a plain frame works without the script', async () => {
    const { page, faults } = await open(
      `<iframe src="${origin}/embed?lang=bn" title="নথি যাচাই" width="100%" height="700" allow="camera"></iframe>`,
    );
    const frame = await frameIn(page);
    await frame.waitForSelector('.drop');
    await bring(frame);
    assert.equal(await verdict(frame), 'আসল');
    assert.equal(await page.locator('iframe').getAttribute('height'), '700');
    assert.deepEqual(faults, []);
  });

  it('the page itself refuses to be framed', async () => {
    html = `<iframe src="${origin}/"></iframe>`;
    const page = await (await visit()).context().newPage();
    const refused = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
    await page.goto(address);
    await refused;
    assert.equal(await (await frameIn(page)).locator('#page').count(), 0);
  });
});
