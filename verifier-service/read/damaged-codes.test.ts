import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { pageOf, photographOf, stampedPage, URL_OF_JWS } from './pictures.test-support.js';
import type { GrayImage } from '@spondon/protocol/reading/pixels';
import { createCodeReader } from './qr-codes.js';
import { readDamagedCode } from '@spondon/protocol/reading/qr/damaged';

const DPI = 150;
/** As `stampedPage` has it: quiet zone included. */
const STAMP = { left: 150, top: 240, side: 45 };

async function grayOf(picture: Sharp): Promise<GrayImage> {
  const { data, info } = await picture
    .flatten({ background: 'white' })
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

const read = (image: GrayImage): string | undefined =>
  readDamagedCode(image, { isOurs: (text) => text === URL_OF_JWS, hasTime: () => true });

const stamped = await stampedPage(DPI);

/** A part of the stamp, in shares of its side, made one grey. */
async function covered(
  left: number,
  top: number,
  right: number,
  bottom: number,
  grey: number,
): Promise<GrayImage> {
  const image = await grayOf(sharp(stamped));
  const pixels = (mm: number) => Math.round((mm / 25.4) * DPI);
  const data = Uint8Array.from(image.data);
  const [from, to] = [left, right].map((share) => pixels(STAMP.left + share * STAMP.side)) as [
    number,
    number,
  ];
  for (let y = pixels(STAMP.top + top * STAMP.side); y < pixels(STAMP.top + bottom * STAMP.side); y++)
    data.fill(grey, y * image.width + from, y * image.width + to);
  return { ...image, data };
}

const generalReader = createCodeReader();

for (const [what, left, top, right, bottom] of [
  ['upper left corner', 0, 0, 0.24, 0.24],
  ['upper right corner', 0.76, 0, 1, 0.24],
  ['lower left corner', 0, 0.76, 0.24, 1],
] as const)
  for (const grey of [250, 40])
    test(`a code whose ${what} is gone is read, which the general reader does not: ${grey}`, async () => {
      const image = await covered(left, top, right, bottom, grey);
      assert.deepEqual((await generalReader(image)).texts, []);
      assert.equal(read(image), URL_OF_JWS);
    });

test('a code with a white crease through two of its corners is read', async () => {
  assert.equal(read(await covered(0.11, 0, 0.13, 1, 255)), URL_OF_JWS);
});

for (const degrees of [0, 5, 45, 90, 130, 180, 270, 333])
  test(`a code is read from a page turned by ${degrees}°`, async () => {
    assert.equal(read(await grayOf(sharp(stamped).rotate(degrees, { background: 'white' }))), URL_OF_JWS);
  });

test('a code is read from a photograph at an angle, in uneven light', async () => {
  assert.equal(read(await grayOf(sharp(await photographOf(await stampedPage(300), 2000, 0.1)))), URL_OF_JWS);
});

test('a page without a code, or with somebody else’s, has none', async () => {
  const other = await pageOf([{ text: 'https://pay.example.com/123', left: 20, top: 240 }], 100);
  for (const page of [await pageOf([], 100), other]) assert.equal(read(await grayOf(sharp(page))), undefined);
});

test('nothing is looked for once the time is up', async () => {
  const image = await grayOf(sharp(stamped));
  assert.equal(readDamagedCode(image, { isOurs: () => true, hasTime: () => false }), undefined);
});

test('no picture is too small or too strange', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 12 }),
      (width, height, period) => {
        const data = Uint8Array.from({ length: width * height }, (_, i) =>
          i % period < period / 2 ? 0 : 255,
        );
        assert.equal(read({ data, width, height }), undefined);
      },
    ),
  );
});
