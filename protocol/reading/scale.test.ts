import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { GrayImage } from './pixels.js';
import { scale } from './scale.js';

const pictures = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height, maxLength: width * height })
      .map((data): GrayImage => ({ data, width, height })),
  );

function at({ data, width, height }: GrayImage, x: number, y: number): number {
  const inside = (value: number, end: number) => Math.min(end - 1, Math.max(0, value));
  return data[inside(y, height) * width + inside(x, width)] ?? 0;
}

/** Catmull-Rom as its formula has it, pixel by pixel in fractions. */
function scaledPixel(image: GrayImage, x: number, y: number): number {
  const weight = (d: number) =>
    d < 1 ? (1.5 * d - 2.5) * d * d + 1 : d < 2 ? ((2.5 - 0.5 * d) * d - 4) * d + 2 : 0;
  const [left, top] = [Math.floor(x) - 1, Math.floor(y) - 1];
  const four = [0, 1, 2, 3];
  const rows = four.map((dy) => {
    const row = four.map((dx) => weight(Math.abs(x - left - dx)) * at(image, left + dx, top + dy));
    // Rows are rounded to bytes on the way.
    return weight(Math.abs(y - top - dy)) * clamped(row.reduce((a, b) => a + b));
  });
  return clamped(rows.reduce((a, b) => a + b));
}

function clamped(value: number): number {
  return Math.min(255, Math.max(0, value));
}

test('a scaled picture is the bicubic interpolation between the centres of pixels', () => {
  fc.assert(
    fc.property(pictures, fc.double({ min: 1, max: 4, noNaN: true }), (image, factor) => {
      const { data, width, height } = scale(image, factor);
      assert.deepEqual(
        [data.length, width, height],
        [width * height, Math.round(image.width * factor), Math.round(image.height * factor)],
      );
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const old = (place: number, count: number, before: number) =>
            ((place + 0.5) * before) / count - 0.5;
          const expected = scaledPixel(image, old(x, width, image.width), old(y, height, image.height));
          // Weights in 256ths: of four bytes each way, that is no more than a few steps.
          assert.ok(Math.abs((data[y * width + x] ?? 0) - expected) < 6);
        }
    }),
  );
});

test('scaling leaves an even picture as it is', () => {
  for (const value of [0, 128, 255])
    assert.deepEqual(
      new Set(scale({ data: new Uint8Array(35).fill(value), width: 7, height: 5 }, 2.7).data),
      new Set([value]),
    );
});
