import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PDFDocument } from '@cantoo/pdf-lib';
import sharp, { type Sharp } from 'sharp';
import { findClaims, type ClaimsReading, type FindClaimsDeps } from '@spondon/protocol/reading/find-claims';
import { stampFile } from '../stamp/stamp.js';
import { makeDetails, makeReport, makeTools } from '../stamp/test-pdfs.js';
import { openPicture } from './image-pages.js';
import { createPdfOpener } from './pdf-pages.js';
import { createCodeReader } from './qr-codes.js';
import {
  DOCUMENT_ID,
  HOST,
  JWS,
  jwsLike,
  LABEL,
  pageOf,
  photographOf,
  PORTAL,
  stampedPage,
  URL_OF_JWS,
} from './pictures.test-support.js';

const pdf = createPdfOpener();
const readCodes = createCodeReader();

function find(bytes: Uint8Array, deps: Partial<FindClaimsDeps> = {}): Promise<ClaimsReading> {
  return findClaims(bytes, {
    xmpClaims: () => null,
    pdf,
    openPicture,
    readCodes,
    hasTime: () => true,
    ...deps,
  });
}

async function pdfOf(pages: readonly Buffer[]): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  for (const bytes of pages) {
    const picture = await document.embedJpg(await sharp(bytes).jpeg({ quality: 90 }).toBuffer());
    document.addPage([595, 842]).drawImage(picture, { x: 0, y: 0, width: 595, height: 842 });
  }
  return document.save();
}

const stamped = await stampedPage();
const unstamped = await pageOf([]);
const FOUND = { claims: [{ source: 'qr', jws: JWS, host: HOST, page: 1 }], labels: [], complete: true };
const NOTHING = { claims: [], labels: [], complete: true };
const refused = (code: string) => ({ claims: [], labels: [], complete: false, refused: code });

const white = { background: 'white' };
const treatments: Record<string, (page: Sharp) => Sharp | Promise<Buffer>> = {
  'as it is': (page) => page,
  'turned by 90°': (page) => page.rotate(90),
  'turned by 180°': (page) => page.rotate(180),
  'turned by 270°': (page) => page.rotate(270),
  'skewed by 7°': (page) => page.rotate(7, white),
  blurred: (page) => page.blur(1),
  'blurred so that only sharpening helps': (page) => page.blur(1.6),
  'of low contrast': (page) => page.linear(0.15, 150),
  'of hardly any contrast': (page) => page.linear(0.06, 150),
  'as JPEG of quality 40': (page) => page.jpeg({ quality: 40 }),
  'as JPEG of quality 10': (page) => page.jpeg({ quality: 10 }),
  'small, at 90 dpi': (page) => page.resize({ width: 744 }),
  photocopied: (page) => page.blur(0.9).threshold(140),
  'skewed, blurred and compressed': async (page) =>
    sharp(await page.rotate(7, { background: '#ddd' }).png().toBuffer())
      .blur(0.8)
      .jpeg({ quality: 50 })
      .toBuffer(),
  'as WebP': (page) => page.webp({ quality: 60 }),
  'as TIFF': (page) => page.tiff({ compression: 'lzw' }),
  'with 16 bits a channel': (page) => page.toColourspace('rgb16').png(),
  'in CMYK': (page) => page.toColourspace('cmyk').jpeg(),
  'on a transparent background': (page) => page.unflatten().png(),
};

for (const [how, treat] of Object.entries(treatments))
  test(`a code is read from a page ${how}`, async () => {
    const treated = treat(sharp(stamped));
    assert.deepEqual(
      await find(treated instanceof Promise ? await treated : await treated.toBuffer()),
      FOUND,
    );
  });

test('a code is read from a photograph at an angle, in uneven light', async () => {
  assert.deepEqual(await find(await photographOf(await stampedPage(300), 2000, 0.1)), FOUND);
});

test('a code is read from a blurred scan of twelve megapixels', async () => {
  const scan = sharp(await stampedPage(330))
    .blur(3)
    .jpeg({ quality: 60 });
  assert.deepEqual(await find(await scan.toBuffer()), FOUND);
});

test('a code is found on any page of a PDF, also the last of many', async () => {
  const pages = [...Array.from({ length: 3 }, () => unstamped), stamped];
  assert.deepEqual(await find(await pdfOf(pages)), { ...FOUND, claims: [{ ...FOUND.claims[0], page: 4 }] });
  const middle = [unstamped, stamped, unstamped];
  assert.deepEqual(await find(await pdfOf(middle)), { ...FOUND, claims: [{ ...FOUND.claims[0], page: 2 }] });
});

test('a code too small for a page’s first look is found in a PDF by a closer one', async () => {
  const tiny = await pageOf([{ text: URL_OF_JWS, left: 180, top: 270, mm: 22 }], 450);
  assert.deepEqual(await find(await pdfOf([tiny])), FOUND);
});

test('a code is found on any page of a TIFF', async () => {
  const pages = await sharp([unstamped, stamped], { join: { animated: true } })
    .tiff()
    .toBuffer();
  assert.deepEqual(await find(pages), { ...FOUND, claims: [{ ...FOUND.claims[0], page: 2 }] });
});

test('what XMP and code say is both told, also when they differ, the code once', async () => {
  const pages = await pdfOf([stamped, stamped]);
  for (const jws of [JWS, jwsLike('forged')])
    assert.deepEqual(await find(pages, { xmpClaims: () => jws }), {
      ...FOUND,
      claims: [{ source: 'xmp', jws }, ...FOUND.claims],
    });
});

test('several codes on a page are all told', async () => {
  const other = jwsLike('another sheet');
  const page = await pageOf([
    { text: URL_OF_JWS, left: 150, top: 240 },
    { text: `${PORTAL}/v#${other}`, left: 20, top: 240 },
    { text: LABEL, left: 90, top: 240, mm: 30 },
  ]);
  const { claims, labels, complete } = await find(page);
  assert.deepEqual(claims.map(({ jws }) => jws).sort(), [JWS, other].sort());
  assert.deepEqual(labels, [{ documentId: DOCUMENT_ID, host: HOST, page: 1 }]);
  assert.equal(complete, true);
});

test('other people’s codes are left alone', async () => {
  const texts = [
    'https://pay.example.com/123',
    `${PORTAL}/d/${DOCUMENT_ID.slice(0, -1)}U`,
    `${PORTAL}/v?x#${JWS}`,
  ];
  const page = await pageOf(texts.map((text, i) => ({ text, left: 20 + 50 * i, top: 240 })));
  assert.deepEqual(await find(page), NOTHING);
});

test('a page without a code is looked through and has none', async () => {
  const small = await pageOf([], 100);
  assert.deepEqual(await find(small), NOTHING);
  assert.deepEqual(await find(await pdfOf([small])), NOTHING);
});

test('when the time is up, the reading says that it is not complete', async () => {
  let looks = 0;
  const reading = await find(await pdfOf([unstamped, stamped, unstamped]), { hasTime: () => ++looks <= 2 });
  assert.deepEqual(reading, { claims: [], labels: [], complete: false });
});

test('a file that cannot be shown has an incomplete reading, with what its XMP says', async () => {
  const xmp = { source: 'xmp', jws: JWS };
  const broken = Buffer.from('%PDF-1.7\nnot really\n%%EOF');
  assert.deepEqual(await find(broken, { xmpClaims: () => JWS }), {
    claims: [xmp],
    labels: [],
    complete: false,
    refused: 'FILE_DAMAGED',
  });
  assert.deepEqual(await find(stamped.subarray(0, 60)), refused('FILE_DAMAGED'));
  for (const text of ['', 'hello', '<svg/>', 'GIF89a'])
    assert.deepEqual(await find(Buffer.from(text)), refused('FILE_TYPE_UNKNOWN'));
});

test('a picture of too many pixels is not decoded', async () => {
  const bomb = await sharp({ create: { width: 9_000, height: 9_000, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
  const { claims, complete } = await find(bomb);
  assert.deepEqual([claims, complete], [[], false]);
});

test('a picture that ends early is read as far as it goes, and the reading is not complete', async () => {
  const above = await pageOf([{ text: URL_OF_JWS, left: 20, top: 20 }]);
  for (const whole of [above, await sharp(above).jpeg().toBuffer()]) {
    assert.deepEqual(await find(whole), FOUND);
    const cut = whole.subarray(0, Math.floor(whole.length * 0.9));
    assert.deepEqual(await find(cut), { ...FOUND, complete: false });
  }
});

test('a PDF that was cut off is read as far as it goes, and the reading is not complete', async () => {
  const document = await PDFDocument.load(await pdfOf([stamped, unstamped]));
  for (const useObjectStreams of [true, false]) {
    const whole = await document.save({ useObjectStreams });
    assert.deepEqual(await find(whole), FOUND);
    // PDFium opens it as if nothing were missing, unless too much is.
    for (const share of [0.6, 0.95, 0.999])
      assert.equal((await find(whole.subarray(0, Math.floor(whole.length * share)))).complete, false);
  }
});

test('a stamped PDF is whole, saved again or with junk after its end, but not without a part of its stamp', async () => {
  const original = await makeReport();
  const { bytes } = await stampFile(original, makeDetails(), makeTools());
  const isComplete = async (file: Uint8Array) => (await find(file)).complete;
  assert.ok(await isComplete(bytes));
  assert.ok(await isComplete(Buffer.concat([bytes, Buffer.alloc(1_000, 'junk ')])));
  assert.ok(await isComplete(original));
  for (const missing of [20, 600, (bytes.length - original.length) / 2, bytes.length - original.length - 300])
    assert.ok(!(await isComplete(bytes.subarray(0, bytes.length - Math.floor(missing)))), `${missing} bytes`);
});

test('pages of absurd sizes are looked through', async () => {
  const document = await PDFDocument.create();
  for (const size of [
    [14_400, 14_400],
    [3, 14_400],
    [1, 1],
  ] as const)
    document.addPage([...size]).drawSquare({ size: 1 });
  let looks = 0;
  assert.deepEqual(await find(await document.save(), { hasTime: () => ++looks < 5 }), NOTHING);
});

test('no damage to a file makes the reading fail, and the next file is read as ever', async () => {
  const small = await sharp(stamped).resize({ width: 744 }).png().toBuffer();
  const originals = [small, await sharp(small).jpeg().toBuffer(), Buffer.from(await pdfOf([small]))];
  let random = 7;
  const next = (below: number) => (random = (random * 48_271) % 0x7fffffff) % below;
  for (const original of originals)
    for (let run = 0; run < 6; run++) {
      const damaged = Uint8Array.from(original);
      for (let i = 0; i < 30; i++) damaged[next(damaged.length)] = next(256);
      await find(run % 3 === 0 ? damaged.subarray(0, next(damaged.length)) : damaged, {
        hasTime: () => true,
      });
    }
  for (const original of originals) assert.deepEqual(await find(original), FOUND);
});
