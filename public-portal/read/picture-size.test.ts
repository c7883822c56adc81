import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileKindOf, type PictureKind } from '@spondon/protocol/reading/file-kind';
import fc from 'fast-check';
import sharp from 'sharp';
import { pictureSize } from './picture-size.js';

const picture = sharp({ create: { width: 321, height: 123, channels: 4, background: '#8a2be280' } });
const opaque = picture.clone().flatten({ background: 'white' });

const files: readonly (readonly [string, Buffer])[] = [
  ['PNG', await picture.clone().png().toBuffer()],
  ['JPEG', await opaque.clone().jpeg().toBuffer()],
  [
    'progressive JPEG with Exif',
    await opaque
      .clone()
      .jpeg({ progressive: true })
      .withExif({ IFD0: { Make: 'x' } })
      .toBuffer(),
  ],
  ['lossy WebP', await opaque.clone().webp().toBuffer()],
  ['lossless WebP', await opaque.clone().webp({ lossless: true }).toBuffer()],
  ['WebP with transparency', await picture.clone().webp().toBuffer()],
  ['GIF', await opaque.clone().gif().toBuffer()],
  ['AVIF', await opaque.clone().avif({ effort: 0 }).toBuffer()],
  ['BMP', bmp(40, 123)],
  ['BMP with rows from the top', bmp(40, -123)],
  ['OS/2 BMP', bmp(12, 123)],
];

for (const [name, file] of files)
  test(`the size of a ${name} is read from its header`, () => {
    assert.deepEqual(pictureSize(file, kindOf(file)), { width: 321, height: 123 });
  });

test('a header that ends early has no size', () => {
  for (const [name, file] of files)
    if (name !== 'GIF') assert.equal(pictureSize(file.subarray(0, 18), kindOf(file)), null);
});

test('damage makes no reader fail or hang', () => {
  const damaged = fc.tuple(fc.constantFrom(...files), fc.array(fc.tuple(fc.nat(400), fc.nat(255))));
  fc.assert(
    fc.property(damaged, ([[, file], changes]) => {
      const bytes = Uint8Array.from(file);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      pictureSize(bytes, kindOf(file));
    }),
  );
});

function kindOf(file: Uint8Array): PictureKind {
  const kind = fileKindOf(file);
  assert.ok(kind !== 'pdf' && kind !== 'other');
  return kind;
}

function bmp(headerBytes: number, height: number): Buffer {
  const file = Buffer.alloc(60);
  file.write('BM');
  file.writeUInt32LE(headerBytes, 14);
  if (headerBytes === 12) {
    file.writeUInt16LE(321, 18);
    file.writeUInt16LE(height, 20);
  } else {
    file.writeInt32LE(321, 18);
    file.writeInt32LE(height, 22);
  }
  return file;
}
