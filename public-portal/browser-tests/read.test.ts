import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { readBanglaFont } from '@spondon/fixtures/bangla-font';
import { sampleDocument } from '@spondon/fixtures/documents';
import { blackPng } from '@spondon/fixtures/hostile/bombs';
import { deflatedZeros } from '@spondon/fixtures/hostile/inflation';
import { onePage } from '@spondon/fixtures/hostile/raw-pdf';
import { seededRandom } from '@spondon/fixtures/random';
import { photographOf, scanOf } from '@spondon/fixtures/scan';
import { LABEL, DOCUMENT_ID, pageOf } from '@spondon/verifier-service/read/pictures.test-support';
import { stampFile } from '@spondon/verifier-service/stamp/stamp';
import { makeDetails, makeReport, makeTools } from '@spondon/verifier-service/stamp/test-pdfs';
import sharp from 'sharp';
import type { Reading } from '../read/reading.js';
import { noChromium } from './browser.test-support.js';
import { openReadingPage, readIn } from './reading.test-support.js';

const tools = makeTools();
const details = makeDetails();
const HOST = details.host;
const JWS = details.claimsJws;
const IN_XMP = { jws: JWS, host: null, page: null };

const stamped = async (file: Uint8Array, page: 'first' | number = 'first'): Promise<Uint8Array> =>
  (await stampFile(file, { ...details, page }, tools)).bytes;
const inCode = (page: number) => ({ jws: JWS, host: HOST, page });
const sha256 = (file: Uint8Array) => createHash('sha256').update(file).digest('hex');

describe('a file is read in the browser', { skip: noChromium }, async () => {
  if (noChromium) return;
  const visit = await openReadingPage();
  const shared = await visit();
  const read = (file: Uint8Array) => readIn(shared, file);
  /** Read to its end. */
  const readWhole = async (file: Uint8Array): Promise<Reading> => {
    const reading = await read(file);
    assert.ok(typeof reading === 'object');
    assert.deepEqual([reading.sha256, reading.complete, reading.gap], [sha256(file), true, null]);
    return reading;
  };
  const banglaFont = await readBanglaFont();
  const sample = (kind: 'certificate' | 'report', language: 'en' | 'bn') =>
    sampleDocument({
      kind,
      language,
      random: seededRandom(7),
      issuedAt: new Date('2026-03-14'),
      banglaFont,
    });

  for (const [kind, language] of [
    ['certificate', 'en'],
    ['report', 'bn'],
  ] as const) {
    it(`a stamped ${kind}, ${language}: the claims in its metadata and in its code`, async () => {
      const { claims } = await readWhole(await stamped((await sample(kind, language)).file));
      assert.deepEqual(claims, [IN_XMP, inCode(1)]);
    });

    it(`the same, photographed and scanned`, async () => {
      const pdf = await stamped((await sample(kind, language)).file);
      for (const [take, format] of [
        [photographOf, 'jpeg'],
        [scanOf, 'png'],
      ] as const) {
        const { claims } = await readWhole(
          await take({ pdf, random: seededRandom(3), format, resolution: 200 }),
        );
        assert.deepEqual(claims, [inCode(1)]);
      }
    });
  }

  it('a code on page 23 of 40, and on the last page', async () => {
    const report = await makeReport({ pages: 40 });
    for (const page of [23, 40]) {
      const { claims } = await readWhole(await stamped(report, page));
      assert.deepEqual(claims, [IN_XMP, inCode(page)]);
    }
  });

  it('a code on a page that is turned', async () => {
    for (const rotate of [90, 180, 270] as const) {
      const { claims } = await readWhole(await stamped(await makeReport({ rotate })));
      assert.deepEqual(claims, [IN_XMP, inCode(1)]);
    }
  });

  it('a picture of any format that the browser shows, also turned by its orientation tag', async () => {
    const pdf = await stamped(await makeReport());
    const page = sharp(await scanOf({ pdf, random: seededRandom(5), format: 'png', degrees: 1 }));
    const pictures: Readonly<Record<string, Promise<Buffer>>> = {
      png: page.clone().png().toBuffer(),
      'png with transparency': page.clone().unflatten().png().toBuffer(),
      'progressive jpeg': page.clone().jpeg({ progressive: true }).toBuffer(),
      webp: page.clone().webp().toBuffer(),
      gif: page.clone().gif().toBuffer(),
      avif: page.clone().avif({ effort: 0 }).toBuffer(),
      'jpeg turned and tagged so': page.clone().rotate(90).withMetadata({ orientation: 8 }).jpeg().toBuffer(),
      'jpeg mirrored and tagged so': page.clone().flop().withMetadata({ orientation: 2 }).jpeg().toBuffer(),
    };
    for (const [format, picture] of Object.entries(pictures))
      assert.deepEqual((await readWhole(await picture)).claims, [inCode(1)], format);
  });

  it('a label names a document and claims nothing', async () => {
    const { claims, labels } = await readWhole(await pageOf([{ text: LABEL, left: 20, top: 20, mm: 30 }]));
    assert.deepEqual(claims, []);
    assert.deepEqual(labels, [{ documentId: DOCUMENT_ID, host: 'verify.example.org', page: 1 }]);
  });

  it('a page without a code of ours has none', async () => {
    const { claims, labels } = await readWhole(
      await pageOf([{ text: 'https://pay.example', left: 20, top: 20 }], 75),
    );
    assert.deepEqual([claims, labels], [[], []]);
  });

  it('an evidence file is handed over as it is', async () => {
    const evidence = '{"typ":"spondon-evidence/v1"}\n';
    assert.equal((await readWhole(Buffer.from(evidence))).evidence, evidence);
  });

  const nothing = { claims: [], labels: [], complete: false, evidence: null };
  it('what cannot be searched is hashed, and says why it was not searched', async () => {
    const png = await pageOf([], 75);
    const files: readonly [Uint8Array, Reading['gap']][] = [
      [Buffer.from('Haemoglobin 13.2'), 'not-shown'],
      [HEIC, 'not-shown'],
      [await sharp(png).tiff().toBuffer(), 'not-shown'],
      [png.subarray(0, png.length / 2), 'damaged'],
      [Buffer.from('%PDF-1.7\nnot really\n%%EOF'), 'damaged'],
      [blackPng(60_000, 60_000), 'too-large'],
      [blackPng(65_000, 65_000, deflatedZeros(100)), 'too-large'],
      [onePage({ content: { dict: '/Filter /FlateDecode', data: deflatedZeros(2 ** 31) } }), 'damaged'],
    ];
    for (const [file, gap] of files) {
      const reading = await read(file);
      assert.deepEqual(reading, { ...nothing, sha256: sha256(file), gap });
    }
  });
});

/** As much of a telephone's picture as a browser without its decoder looks at: its type, and its size of 96 × 64. */
const HEIC = Buffer.from(
  '\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x14ispe\0\0\0\0\0\0\0\x60\0\0\0\x40\0\0\0\x08mdat',
  'latin1',
);
