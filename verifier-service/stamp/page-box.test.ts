import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { asShown, growFoot, toPageSpace, type Box, type Matrix, type PageBox } from './page-box.js';

function makeBox(shown: Box, rotate: PageBox['rotate'], unit = 1): PageBox {
  const [across, up] = [(shown[2] - shown[0]) * unit, (shown[3] - shown[1]) * unit];
  const [width, height] = rotate % 180 === 0 ? [across, up] : [up, across];
  return { shown, media: shown, cropped: false, rotate, unit, width, height };
}
const apply = ([a, b, c, d, e, f]: Matrix, x: number, y: number): [number, number] => [
  a * x + c * y + e,
  b * x + d * y + f,
];
const turns = [0, 90, 180, 270] as const;

test('the corners of what is shown are the corners of the page, turned', () => {
  const shown: Box = [10, 20, 110, 320];
  const lowerLeft = { 0: [10, 20], 90: [110, 20], 180: [110, 320], 270: [10, 320] };
  for (const rotate of turns) {
    assert.deepEqual(apply(toPageSpace(makeBox(shown, rotate)), 0, 0), lowerLeft[rotate]);
  }
});

test('from the page to what is shown and back is where it began', () => {
  const whole = fc.integer({ min: -500, max: 500 });
  fc.assert(
    fc.property(
      fc.constantFrom(...turns),
      fc.constantFrom(1, 2, 0.5),
      whole,
      whole,
      whole,
      whole,
      (rotate, unit, left, bottom, x, y) => {
        const box = makeBox([left, bottom, left + 400, bottom + 700], rotate, unit);
        const rect = asShown(box, [x, y, x + 30, y + 50]);
        const [x0, y0] = apply(toPageSpace(box), rect.x, rect.y);
        const [x1, y1] = apply(toPageSpace(box), rect.x + rect.width, rect.y + rect.height);
        assert.deepEqual(
          [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)],
          [x, y, x + 30, y + 50],
        );
      },
    ),
  );
});

test('a page grows at the foot that the reader sees, and what was on it stays where it was', () => {
  const shown: Box = [0, 0, 100, 200];
  const grown = {
    0: [0, -25, 100, 200],
    90: [0, 0, 125, 200],
    180: [0, 0, 100, 225],
    270: [-25, 0, 100, 200],
  };
  for (const rotate of turns) {
    const box = makeBox(shown, rotate, 2);
    const larger = growFoot(box, 50);
    assert.deepEqual([...larger.shown], grown[rotate]);
    assert.deepEqual([...larger.media], grown[rotate]);
    assert.equal(larger.height, box.height + 50);
    const mark: Box = [30, 40, 50, 60];
    assert.deepEqual(asShown(larger, mark), { ...asShown(box, mark), y: asShown(box, mark).y + 50 });
  }
});
