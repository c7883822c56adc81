import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { adaptiveThreshold, sharpen, type GrayImage } from './pixels.js';

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

/** The mean over the square, pixel by pixel: slow and plain. */
function meanOf(image: GrayImage, radius: number): GrayImage {
  const data = image.data.map((_, i) => {
    const [x, y] = [i % image.width, Math.floor(i / image.width)];
    let sum = 0;
    for (let dy = -radius; dy <= radius; dy++)
      for (let dx = -radius; dx <= radius; dx++) sum += at(image, x + dx, y + dy);
    return sum / (2 * radius + 1) ** 2;
  });
  return { ...image, data };
}

test('sharpening adds the difference to the surroundings, also at the borders', () => {
  fc.assert(
    fc.property(
      pictures,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 8 }),
      (image, radius, amount) => {
        const around = meanOf(meanOf(image, radius), radius);
        const expected = Uint8ClampedArray.from(
          image.data,
          (pixel, i) => pixel + amount * (pixel - (around.data[i] ?? 0)),
        );
        assert.deepEqual(sharpen(image, radius, amount), { ...image, data: new Uint8Array(expected.buffer) });
      },
    ),
  );
});

test('dark is what is darker than its surroundings by more than the bias', () => {
  fc.assert(
    fc.property(
      pictures,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 20 }),
      (image, radius, bias) => {
        const around = meanOf(image, radius);
        const expected = image.data.map((pixel, i) => (pixel + bias < (around.data[i] ?? 0) ? 1 : 0));
        const { width, height } = image;
        assert.deepEqual(adaptiveThreshold(image, radius, bias), { dark: expected, width, height });
      },
    ),
  );
});
