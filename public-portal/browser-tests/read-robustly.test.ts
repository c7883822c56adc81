import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { deflatedZeros } from '@spondon/fixtures/hostile/inflation';
import { FONT, GREETING, onePage, rawPdf } from '@spondon/fixtures/hostile/raw-pdf';
import { HOST, JWS, stampedPage } from '@spondon/verifier-service/read/pictures.test-support';
import { stampFile } from '@spondon/verifier-service/stamp/stamp';
import { makeDetails, makeReport, makeTools } from '@spondon/verifier-service/stamp/test-pdfs';
import type { Page } from 'playwright-core';
import type { ReadFile } from '../read/reading.js';
import { noChromium } from './browser.test-support.js';
import { openReadingPage, readChosen, readIn } from './reading.test-support.js';

declare const readFile: ReadFile;

const details = makeDetails();
const picture = await stampedPage();
const { bytes: report } = await stampFile(await makeReport(), details, makeTools());
const IN_XMP = { jws: details.claimsJws, host: null, page: null };

const sha256 = (file: Uint8Array) => createHash('sha256').update(file).digest('hex');

describe('reading withstands', { skip: noChromium }, async () => {
  if (noChromium) return;
  const visit = await openReadingPage();

  /** That the page still reads, as it does on an ordinary day. */
  const assertReads = async (page: Page): Promise<void> => {
    const reading = await readIn(page, picture);
    assert.ok(typeof reading === 'object');
    assert.deepEqual(reading.claims, [{ jws: JWS, host: HOST, page: 1 }]);
    assert.equal(reading.complete, true);
  };

  it('a page that takes for ever: the hash is told, and the next file is read', async () => {
    const page = await visit();
    await assertReads(page);
    const reading = await readIn(page, hangingPdf(), { searchMs: 100 });
    assert.deepEqual(reading, {
      sha256: sha256(hangingPdf()),
      claims: [],
      labels: [],
      complete: false,
      gap: 'out-of-time',
      evidence: null,
    });
    await assertReads(page);
    await page.close();
  });

  it('a PDF of which the end is missing: it is shown as if whole, and the reading says that it is damaged', async () => {
    const page = await visit();
    const whole = await makeReport({ pages: 4 });
    const gapOf = async (file: Uint8Array) => {
      const reading = await readIn(page, file);
      assert.ok(typeof reading === 'object');
      return [reading.complete, reading.gap];
    };
    assert.deepEqual(await gapOf(whole), [true, null]);
    assert.deepEqual(await gapOf(whole.subarray(0, Math.floor(whole.length * 0.6))), [false, 'damaged']);
    await page.close();
  });

  it('a hundred thousand pages', async () => {
    const page = await visit();
    const file = manyPages(100_000);
    const reading = await readIn(page, file, { searchMs: 1_000 });
    assert.ok(typeof reading === 'object');
    assert.deepEqual([reading.sha256, reading.gap], [sha256(file), 'out-of-time']);
    await assertReads(page);
    await page.close();
  });

  it('a page that breaks the decoder’s memory, again and again', async () => {
    const page = await visit();
    const bomb = onePage({ content: { dict: '/Filter /FlateDecode', data: deflatedZeros(2 ** 31) } });
    for (let round = 0; round < 2; round++) {
      const reading = await readIn(page, bomb);
      assert.ok(typeof reading === 'object');
      assert.deepEqual([reading.sha256, reading.gap], [sha256(bomb), 'damaged']);
      await assertReads(page);
    }
    await page.close();
  });

  it('decoders that cannot be fetched: what stands in plain sight is told, and the next try fetches them', async () => {
    const page = await visit();
    await page.route('**/*.wasm', (route) => route.abort());
    const reading = await readIn(page, report);
    assert.deepEqual(reading, {
      sha256: sha256(report),
      claims: [IN_XMP],
      labels: [],
      complete: false,
      gap: 'no-decoder',
      evidence: null,
    });
    await page.unroute('**/*.wasm');
    await assertReads(page);
    await page.close();
  });

  it('what is not needed is not loaded, and what was loaded is not asked for again', async () => {
    const page = await visit();
    const loaded: string[] = [];
    page.on('request', (request) => {
      const [, name] = /assets\/(\w+)-[\w-]+\.wasm$/.exec(request.url()) ?? [];
      if (name) loaded.push(name);
    });
    await readIn(page, Buffer.from('a text'));
    assert.deepEqual(loaded, []);
    for (let round = 0; round < 2; round++) await readIn(page, picture);
    assert.deepEqual(loaded, ['zxing_reader']);
    for (let round = 0; round < 2; round++) await readIn(page, report);
    assert.deepEqual(loaded, ['zxing_reader', 'pdfium']);
    await page.close();
  });

  it('where the hash is enough, nothing is loaded and no page is looked at', async () => {
    const page = await visit();
    const loaded: string[] = [];
    page.on('request', (request) => loaded.push(request.url()));
    await page.setInputFiles('input[type=file]', {
      name: 'a.pdf',
      mimeType: '',
      buffer: Buffer.from(report),
    });
    const [asked, reading] = await page.evaluate(async () => {
      const [file] = document.querySelector('input')?.files ?? [];
      if (!file) throw new Error('no file was chosen');
      const about: unknown[] = [];
      const found = await readFile(file, {
        onProgress: () => undefined,
        signal: new AbortController().signal,
        isEnough: (soFar) => {
          about.push(soFar);
          return Promise.resolve(true);
        },
      });
      return [about, found] as const;
    });
    const known = { sha256: sha256(report), claims: [IN_XMP], labels: [], evidence: null };
    assert.deepEqual(asked, [known]);
    assert.deepEqual(reading, { ...known, complete: false, gap: 'not-needed' });
    assert.deepEqual(
      loaded.filter((url) => url.endsWith('.wasm')),
      [],
    );
    await page.close();
  });

  it('many files at once, by two threads', async () => {
    const page = await visit();
    await page.setInputFiles('input[type=file]', {
      name: 'a.png',
      mimeType: 'image/png',
      buffer: picture,
    });
    let mostThreads = 0;
    page.on('worker', () => (mostThreads = Math.max(mostThreads, page.workers().length)));
    const found = await page.evaluate(async () => {
      const [file] = document.querySelector('input')?.files ?? [];
      if (!file) throw new Error('no file was chosen');
      const options = { onProgress: () => undefined, signal: new AbortController().signal, searchMs: 60_000 };
      const readings = await Promise.all(Array.from({ length: 20 }, () => readFile(file, options)));
      return readings.map(({ claims }) => claims.length);
    });
    assert.deepEqual(
      found,
      Array.from({ length: 20 }, () => 1),
    );
    assert.ok(mostThreads <= 2, `${mostThreads} threads`);
    await page.close();
  });

  it('300 MB: hashed in passing, told step by step, and not searched', async () => {
    const page = await visit();
    const reading = await page.evaluate(async () => {
      const parts = Array.from({ length: 300 }, (_, i) => new Uint8Array(1_000_000).fill(i));
      const shares: number[] = [];
      const { sha256: hash, gap } = await readFile(new File(parts, 'large.pdf'), {
        onProgress: (share) => shares.push(share),
        signal: new AbortController().signal,
      });
      const rising = shares.every((share, i) => share > (shares[i - 1] ?? 0));
      return { hash, gap, last: shares.at(-1), rising, steps: shares.length };
    });
    const hash = createHash('sha256');
    for (let i = 0; i < 300; i++) hash.update(new Uint8Array(1_000_000).fill(i));
    const { steps, ...rest } = reading;
    assert.deepEqual(rest, { hash: hash.digest('hex'), gap: 'too-large', last: 1, rising: true });
    assert.ok(steps > 20);
    await page.close();
  });

  it('being called off, running or waiting, and reads the next file', async () => {
    const page = await visit();
    await page.setInputFiles('input[type=file]', {
      name: 'a.pdf',
      mimeType: '',
      buffer: Buffer.from(hangingPdf()),
    });
    const outcomes = await page.evaluate(async () => {
      const [file] = document.querySelector('input')?.files ?? [];
      if (!file) throw new Error('no file was chosen');
      const caller = new AbortController();
      // Called off by the first sign of life, in the middle of it.
      const onProgress = () => caller.abort(new Error('cancelled'));
      const readings = [1, 2, 3, 4].map(() => readFile(file, { onProgress, signal: caller.signal }));
      return Promise.all(
        readings.map((reading) => reading.then(String, (error: unknown) => (error as Error).message)),
      );
    });
    assert.deepEqual(outcomes, ['cancelled', 'cancelled', 'cancelled', 'cancelled']);
    await assertReads(page);
    await page.close();
  });

  it('a file without a byte', async () => {
    const page = await visit();
    assert.equal(await readIn(page, new Uint8Array()), 'empty');
    await assertReads(page);
    await page.close();
  });

  it('a file that was changed after it was chosen', async () => {
    const page = await visit();
    const folder = await mkdtemp(join(tmpdir(), 'spondon-changed-'));
    after(() => rm(folder, { recursive: true }));
    const path = join(folder, 'report.pdf');
    await writeFile(path, report);
    await page.setInputFiles('input[type=file]', path);
    await writeFile(path, 'something else');
    assert.equal(await readChosen(page), 'unreadable');
    await assertReads(page);
    await page.close();
  });
});

/** One picture of 2.5 gigapixels, which PDFium decodes to the end. */
function hangingPdf(): Uint8Array {
  const dict =
    '/Type /XObject /Subtype /Image /Width 50000 /Height 50000 /ColorSpace /DeviceGray' +
    ' /BitsPerComponent 1 /Filter /FlateDecode';
  const page = '/MediaBox [0 0 595 842] /Resources << /XObject << /Im 5 0 R >> >>';
  return onePage({ page, content: { dict: '', data: 'q 595 0 0 842 0 0 cm /Im Do Q' } }, [
    { dict, data: deflatedZeros(50_000 * 6_250) },
  ]);
}

/** The same page over and over. */
function manyPages(count: number): Uint8Array {
  const kids = Array.from({ length: count }, () => '3 0 R').join(' ');
  return rawPdf([
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${count} >>`,
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources ${FONT} /Contents 4 0 R >>`,
    { dict: '', data: GREETING },
  ]);
}
