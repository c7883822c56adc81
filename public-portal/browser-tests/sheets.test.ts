import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { claimsUrl } from '@spondon/protocol/claims';
import { formatDocumentId, parseDocumentId } from '@spondon/protocol/document-id';
import { seededRandom } from '@spondon/fixtures/random';
import { photographOf, scanOf } from '@spondon/fixtures/scan';
import { PATIENT } from '@spondon/verifier-service/deployment/deployment.test-support';
import { pageOf } from '@spondon/verifier-service/read/pictures.test-support';
import { attachmentsIn } from '@spondon/verifier-service/report/report.test-support';
import { readXmpClaims } from '@spondon/verifier-service/stamp/xmp';
import type { Page } from 'playwright-core';
import { assertAccessible } from './accessible.test-support.js';
import { bring, looksSaying, step, verdict } from './answer.test-support.js';
import { noChromium, openBrowser, openPortal, screenshot } from './browser.test-support.js';
import { CAMERA_ALLOWED, cameraShowing } from './camera.test-support.js';

describe('a sheet of paper', { skip: noChromium }, async () => {
  if (noChromium) return;
  const { service, origin, visit } = await openPortal();
  const { body } = await service.issue();
  await service.anchored();
  const code = parseDocumentId(body.documentId ?? '');
  const pdf = await service.fileOf(code);
  const portal = origin.replace('http:', 'https:');
  const photo = await photographOf({ pdf, random: seededRandom(3), format: 'jpeg', resolution: 200 });
  const labelAt = (host: string) => pageOf([{ text: `${host}/d/${code}`, left: 20, top: 20, mm: 30 }]);

  const askedFor = (page: Page): string[] => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    return asked;
  };

  for (const [size, language, said] of looksSaying('Not the original file', 'মূল ফাইল নয়')) {
    it(`photographed: a genuine code, not the original, and what to compare, ${size}, ${language}`, async () => {
      const page = await visit({ size, language });
      await page.goto('/');
      await bring(page, photo, 'photo.jpg');
      assert.equal(await verdict(page), said);
      assert.match(await page.locator('.claims').innerText(), new RegExp(PATIENT));
      await screenshot(page, `not-original-${size}-${language}`);
      await assertAccessible(page);
      await page.close();
    });
  }

  it('two sheets in one picture: each person’s facts stand under their own code', async () => {
    const other = parseDocumentId((await service.issue()).body.documentId ?? '');
    await service.anchored();
    const stamps = [pdf, await service.fileOf(other)].map((file, at) => ({
      text: claimsUrl(portal, readXmpClaims(file) ?? ''),
      left: 20,
      top: 20 + at * 100,
    }));
    const page = await visit();
    await page.goto('/');
    await bring(page, await pageOf(stamps), 'both.png');
    await verdict(page);
    assert.match(await page.locator('.facts').innerText(), /Codes of several documents were found/);
    assert.deepEqual(
      (await page.locator('.facts h3 .code').allInnerTexts()).sort(),
      [formatDocumentId(code), formatDocumentId(other)].sort(),
    );
    assert.equal(await page.getByText('the answer above is about this one').count(), 1);
    await screenshot(page, 'two-sheets');
    await page.close();
  });

  it('an edited copy of the file is told from an unknown one', async () => {
    const page = await visit();
    await page.goto('/');
    await bring(page, Buffer.concat([pdf, Buffer.from('\n')]));
    assert.equal(await verdict(page), 'Not the original file');
    await page.close();
  });

  it('of an original no page is searched: a slow network is spared the decoders', async () => {
    const page = await visit();
    const asked = askedFor(page);
    await page.goto('/');
    await bring(page, pdf);
    assert.equal(await verdict(page), 'Genuine');
    assert.match(await step(page, 'Read what you brought').innerText(), /Passed[^]*need not be searched/);
    assert.deepEqual(
      asked.filter((path) => path.endsWith('.wasm')),
      [],
    );
    await page.close();
  });

  it('a label names a document: registered, and never genuine', async () => {
    const page = await visit();
    await page.goto('/');
    await bring(page, await labelAt(portal), 'label.png');
    assert.equal(await verdict(page), 'Registered: now compare');
    await page.close();
  });

  it('a code that leads elsewhere is ignored, with a warning', async () => {
    const page = await visit();
    await page.goto('/');
    await bring(page, await labelAt('https://verify-bd.example.net'), 'label.png');
    assert.equal(await verdict(page), 'Cannot be confirmed');
    assert.match(await page.getByRole('alert').innerText(), /verify-bd\.example\.net.*was ignored/);
    await screenshot(page, 'foreign-code');
    await page.close();
  });

  it('what was not searched says why, and what to do', async () => {
    const page = await visit();
    await page.goto('/');
    await bring(page, randomBytes(100), 'IMG_0001.heic');
    await verdict(page);
    assert.match(
      await step(page, 'Read what you brought').innerText(),
      /Could not be checked[^]*as PDF, JPEG or PNG, or type the code/,
    );
    await page.goto('/');
    await bring(page, Buffer.from('%'), 'cut.pdf');
    await verdict(page);
    assert.match(await step(page, 'Read what you brought').innerText(), /Part of it is damaged/);
    await page.close();
  });

  it('without what reads codes, the hash is still looked up, and the page says what is missing', async () => {
    const page = await visit();
    // What the service worker fetches passes the page's routes by: here it never starts.
    await page.addInitScript(() => {
      navigator.serviceWorker.register = () => new Promise(() => undefined);
    });
    await page.route('**/*.wasm', (route) => route.abort());
    await page.goto('/');
    await bring(page, await scanOf({ pdf, random: seededRandom(5), format: 'png' }), 'scan.png');
    assert.equal(await verdict(page), 'Cannot be confirmed');
    assert.match(await step(page, 'Read what you brought').innerText(), /could not be fetched: check/);
    await page.close();
  });

  it('held before the camera: what was signed, to compare', async () => {
    const camera = await cameraShowing({ picture: photo, position: 'bottom' });
    const sight = await openBrowser(origin, [...camera, CAMERA_ALLOWED]);
    for (const size of ['phone', 'desktop'] as const) {
      const page = await sight({ size });
      await page.goto('/');
      await page.getByRole('button', { name: 'Scan its QR code' }).press('Enter');
      assert.equal(await verdict(page), 'Signed: now compare');
      assert.match(await page.locator('.claims').innerText(), new RegExp(PATIENT));
      assert.equal(await page.getByRole('dialog').count(), 0);
      await page.close();
    }
  });

  it('a photograph instead of the camera', async () => {
    const page = await visit({ size: 'phone' });
    await page.goto('/');
    await page.getByRole('button', { name: 'Scan its QR code' }).click();
    await page
      .getByLabel('Take a photo instead')
      .setInputFiles({ name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(photo) });
    assert.equal(await verdict(page), 'Not the original file');
    await page.close();
  });

  it('not registered yet: the answer says so, and to ask again', async () => {
    const pending = await pendingAnswer();
    const page = await visit();
    await page.route('**/v1/verify/*', (route) => route.fulfill({ json: pending.answer }));
    await page.goto('/');
    await bring(page, pending.file);
    assert.equal(await verdict(page), 'Not registered yet');
    assert.match(await page.locator('.verdict').innerText(), /check again/i);
    await screenshot(page, 'pending');
    await assertAccessible(page);
    await page.close();
  });

  /** What the service says of a document in the moment before it is anchored. */
  async function pendingAnswer() {
    for (;;) {
      const issued = (await service.issue()).body;
      const answer = await service.ask('GET', `/v1/verify/${issued.sha256 ?? ''}`);
      if (answer.body.verdict !== 'pending') continue;
      return { answer: answer.body, file: await service.fileOf(parseDocumentId(issued.documentId ?? '')) };
    }
  }

  it('a signed report is saved, about the file that was brought, with its evidence inside', async () => {
    const page = await visit();
    for (const [file, name] of [
      [pdf, 'report.pdf'],
      [photo, 'photo.jpg'],
    ] as const) {
      await page.goto('/');
      await bring(page, file, name);
      await verdict(page);
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save a signed report' }).click();
      const report = await readFile(await (await download).path());
      assert.deepEqual(
        [...attachmentsIn(report).keys()].sort(),
        [`${formatDocumentId(code)}.json`, 'trust.json'].sort(),
      );
      assert.match(report.toString('latin1'), /\/SubFilter ?\/ETSI\.CAdES\.detached/);
    }
    await page.close();
  });

  it('a report that cannot be had is told, and what to do instead', async () => {
    const page = await visit({ language: 'bn' });
    await page.route('**/v1/reports', (route) => route.abort());
    await page.goto(`/d/${code}`);
    await verdict(page);
    await page.getByRole('button', { name: 'স্বাক্ষরিত প্রতিবেদন' }).click();
    await page.getByText('প্রতিবেদন পাওয়া যায়নি').waitFor();
    await assertAccessible(page);
    await page.close();
  });
});
