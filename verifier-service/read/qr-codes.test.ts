import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { createCodeReader } from './qr-codes.js';
import { LABEL, pageOf } from './pictures.test-support.js';

const page = await sharp(await pageOf([{ text: LABEL, left: 100, top: 100, mm: 30 }]))
  .greyscale()
  .raw()
  .toBuffer();
const image = { data: page, width: 1240, height: 1754 };

test('the reader needs no network: its WebAssembly is in the package', async (t) => {
  const asked = t.mock.method(globalThis, 'fetch', () => Promise.reject(new Error('no network')));
  assert.deepEqual(await createCodeReader()(image), { texts: [LABEL], undecoded: false });
  assert.equal(asked.mock.callCount(), 0);
});

test('a picture that breaks the reader has no codes, and the next one is read', async () => {
  const read = createCodeReader();
  const lying = { data: new Uint8Array(16), width: 30_000, height: 30_000 };
  assert.deepEqual(await read(lying), { texts: [], undecoded: false, broken: true });
  assert.deepEqual((await read(image)).texts, [LABEL]);
});

test('a code that is seen and cannot be decoded is told', async () => {
  const scratched = Uint8Array.from(page);
  const pixels = (mm: number) => Math.round((mm / 25.4) * 150);
  // A blot over the middle: the three corners still show where the code is.
  for (let y = pixels(110); y < pixels(122); y++)
    scratched.fill(0, y * image.width + pixels(110), y * image.width + pixels(122));
  assert.deepEqual(await createCodeReader()({ ...image, data: scratched }), { texts: [], undecoded: true });
});
