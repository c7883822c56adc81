import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@spondon/fixtures/random';
import { photographOf } from '@spondon/fixtures/scan';
import { LABEL, pageOf } from '@spondon/verifier-service/read/pictures.test-support';
import { stampFile } from '@spondon/verifier-service/stamp/stamp';
import { makeDetails, makeReport, makeTools } from '@spondon/verifier-service/stamp/test-pdfs';
import type { Page } from 'playwright-core';
import { assertAccessible } from './accessible.test-support.js';
import {
  type Language,
  noChromium,
  openBrowser,
  screenshot,
  type Size,
  type Visit,
} from './browser.test-support.js';
import { CAMERA_ALLOWED, cameraShowing } from './camera.test-support.js';
import { serveReadingPage } from './reading.test-support.js';

/** What the page of `reading-page/` keeps for its tests. */
declare const texts: string[];
declare const photos: File[];
declare const streams: MediaStream[];
declare const asked: unknown[];

const details = makeDetails();

/** A stamped sheet on a desk, as a telephone held over it sees it. */
async function sheet(): Promise<Uint8Array> {
  const { bytes: pdf } = await stampFile(await makeReport(), details, makeTools());
  return photographOf({ pdf, random: seededRandom(11), format: 'png', resolution: 150 });
}

/** Keeps every stream that the page asks for, to see that it lets go of them. */
async function keepStreams(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Object.assign(globalThis, { streams: [] });
    const { mediaDevices } = navigator as { mediaDevices?: MediaDevices };
    if (!mediaDevices) return;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await ask(constraints);
      streams.push(stream);
      return stream;
    };
  });
}

const isLetGo = () => streams.length > 0 && streams.every((stream) => !stream.active);

describe('the camera', { skip: noChromium }, async () => {
  if (noChromium) return;
  const port = await serveReadingPage();
  const origin = `http://localhost:${port}`;
  // A code that is none of ours, and names no document's claims.
  const label = await pageOf([{ text: LABEL, left: 80, top: 60 }]);
  const [atSheet, atOther, twoCameras, noCamera, noTls] = [
    await openBrowser(origin, [
      ...(await cameraShowing({ picture: await sheet(), position: 'bottom' })),
      CAMERA_ALLOWED,
    ]),
    await openBrowser(origin, await cameraShowing({ picture: label, position: 'top' })),
    await openBrowser(origin, ['--use-fake-device-for-media-stream=device-count=2']),
    await openBrowser(origin),
    await openBrowser(`http://portal.test:${port}`, ['--host-resolver-rules=MAP portal.test 127.0.0.1']),
  ];
  const show = async (page: Page): Promise<void> => {
    await keepStreams(page);
    await page.goto('/');
    await page.getByRole('button', { name: 'Camera' }).press('Enter');
  };

  it('reads the code of a printed sheet, and lets go of the camera', async () => {
    const page = await atSheet();
    await show(page);
    await page.waitForFunction(() => texts.length > 0);
    assert.deepEqual(await page.evaluate(() => texts), [details.claimsUrl]);
    await page.waitForFunction(isLetGo);
    assert.equal(await page.getByRole('dialog').count(), 0);
    await page.close();
  });

  const looks: readonly [Size, Language, string][] = [
    ['phone', 'en', 'That is another QR code'],
    ['desktop', 'bn', 'এটি অন্য একটি QR কোড'],
  ];
  for (const [size, language, said] of looks) {
    it(`goes on after a code that is not taken, and says so, ${size}, ${language}`, async () => {
      const page = await atOther({ size, language });
      await page.context().grantPermissions(['camera']);
      await show(page);
      await page.getByRole('status').filter({ hasText: said }).waitFor();
      assert.deepEqual(await page.evaluate(() => [...new Set(texts)]), [LABEL]);
      assert.equal(await page.evaluate(isLetGo), false);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
      await assertAccessible(page);
      await screenshot(page, `camera-${size}-${language}`);
      await page.close();
    });
  }

  it('is closed by the Escape key and by its button: let go of, and the focus is where it was', async () => {
    const page = await atOther();
    await page.context().grantPermissions(['camera']);
    await show(page);
    for (const close of [
      () => page.keyboard.press('Escape'),
      () => page.getByRole('button', { name: 'Close' }).press('Enter'),
    ]) {
      await page.waitForFunction(() => texts.length > 0);
      await close();
      await page.waitForFunction(isLetGo);
      assert.equal(await page.getByRole('dialog').count(), 0);
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Camera');
      await page.evaluate(() => (texts.length = 0));
      await page.keyboard.press('Enter');
    }
    await page.close();
  });

  it('is the one that the visitor chooses', async () => {
    const page = await twoCameras();
    await page.context().grantPermissions(['camera']);
    await show(page);
    const choice = page.getByRole('combobox', { name: 'Camera' });
    await choice.waitFor();
    const [first, second] = await choice
      .locator('option')
      .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
    assert.equal(await choice.inputValue(), first);
    await choice.selectOption(second ?? '');
    await page.waitForFunction(() => streams.length === 2);
    await page.waitForFunction((id) => streams[1]?.getTracks()[0]?.getSettings().deviceId === id, second);
    assert.equal(await page.evaluate(() => streams[0]?.active), false);
    await page.close();
  });

  it('has a light where its track has one, and says whether it is on', async () => {
    const page = await atOther();
    await page.context().grantPermissions(['camera']);
    await page.addInitScript(() => {
      const asked: unknown[] = [];
      Object.assign(globalThis, { asked });
      MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true }) as MediaTrackCapabilities;
      MediaStreamTrack.prototype.applyConstraints = (constraints) => {
        asked.push(constraints?.advanced?.[0]);
        return Promise.resolve();
      };
    });
    await show(page);
    const light = page.getByRole('button', { name: 'Light' });
    await light.press('Space');
    await page.locator('button[aria-pressed=true]').waitFor();
    await light.press('Space');
    await page.locator('button[aria-pressed=false]').waitFor();
    assert.deepEqual(await page.evaluate(() => asked), [{ torch: true }, { torch: false }]);
    await page.close();
  });

  it('leaves a photograph to who has no use for it', async () => {
    const page = await atOther();
    await page.context().grantPermissions(['camera']);
    await show(page);
    const photo = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('a photo') };
    await page.getByLabel('Take a photo instead').setInputFiles(photo);
    await page.waitForFunction(isLetGo);
    assert.deepEqual(await page.evaluate(() => photos.map(({ name }) => name)), ['photo.jpg']);
    await page.close();
  });

  it('says what keeps it from scanning', async () => {
    const cases: readonly [Visit, (page: Page) => Promise<unknown>, RegExp][] = [
      [atOther, () => Promise.resolve(), /may not use the camera/],
      [noCamera, (page) => page.context().grantPermissions(['camera']), /No camera was found/],
      [noTls, () => Promise.resolve(), /begins with https/],
      [atSheet, (page) => page.route('**/*.wasm', (route) => route.abort()), /could not be fetched/],
      [atSheet, (page) => failWith(page, 'NotReadableError'), /another program may be using it/],
      [atSheet, (page) => page.addInitScript('delete globalThis.OffscreenCanvas'), /cannot scan/],
    ];
    for (const [visit, prepare, said] of cases) {
      const page = await visit();
      await prepare(page);
      await show(page);
      assert.match(await page.getByRole('alert').innerText(), said);
      assert.equal(await page.getByLabel('Take a photo instead').count(), 1);
      await page.waitForFunction(() => streams.every((stream) => !stream.active));
      await page.close();
    }
  });
});

function failWith(page: Page, name: string): Promise<unknown> {
  return page.addInitScript((error) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', error));
  }, name);
}
