import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { EDGE, findPlace, type Occupancy, type StampSize } from './placement.js';

const SIZES: readonly StampSize[] = [
  { form: 'wide', width: 260, height: 124, bleed: 5 },
  { form: 'tall', width: 124, height: 190, bleed: 5 },
];
const A4 = { width: 595, height: 842 };

function page(columns: number, rows: number, taken: (column: number, row: number) => boolean): Occupancy {
  const cells = Array.from({ length: columns * rows }, (_, i) =>
    taken(i % columns, Math.floor(i / columns)) ? 1 : 0,
  );
  return { columns, rows, cell: A4.width / columns, taken: Uint8Array.from(cells) };
}
const corners = ['bottom-right', 'bottom-left', 'top-right', 'top-left'] as const;

test('an empty page takes the stamp in the wanted corner', () => {
  for (const corner of corners) {
    const place = findPlace(
      page(298, 421, () => false),
      A4,
      SIZES,
      corner,
    );
    assert.ok(place);
    assert.equal(place.form, 'wide');
    assert.equal(place.rect.x > A4.width / 2 - 130, corner.endsWith('right'));
    assert.equal(place.rect.y > A4.height / 2, corner.startsWith('top'));
  }
});

test('a full page has no place', () => {
  assert.equal(
    findPlace(
      page(298, 421, () => true),
      A4,
      SIZES,
      'bottom-right',
    ),
    undefined,
  );
});

test("a stamp stands in line with the page's margins", () => {
  const [left, right] = [35, 298 - 35];
  const place = findPlace(
    page(298, 421, (x, y) => x >= left && x < right && y > 30 && y < 250),
    A4,
    SIZES,
    'bottom-right',
  );
  assert.ok(place);
  assert.ok(Math.abs(place.rect.x + place.rect.width - (right * A4.width) / 298) < 0.01);
});

test('a band across the whole page does not hide where its margins are', () => {
  const [left, right] = [35, 298 - 35];
  const isTaken = (x: number, y: number): boolean => y < 8 || (x >= left && x < right && y > 30 && y < 250);
  const place = findPlace(page(298, 421, isTaken), A4, SIZES, 'bottom-right');
  assert.ok(place);
  assert.ok(Math.abs(place.rect.x + place.rect.width - (right * A4.width) / 298) < 0.01);
});

test('a high narrow gap takes the tall form', () => {
  const place = findPlace(
    page(298, 421, (x) => x < 200),
    A4,
    SIZES,
    'bottom-right',
  );
  assert.equal(place?.form, 'tall');
});

test('whatever is on the page, the stamp covers none of it and keeps off the edges', () => {
  const block = fc.record({
    x: fc.integer({ min: 0, max: 57 }),
    y: fc.integer({ min: 0, max: 83 }),
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(
    fc.property(fc.array(block, { maxLength: 12 }), fc.constantFrom(...corners), (blocks, corner) => {
      const isTaken = (x: number, y: number): boolean =>
        blocks.some((b) => x >= b.x && x < b.x + b.width && y >= b.y && y < b.y + b.height);
      const occupancy = page(59, 84, isTaken);
      const { rect } = findPlace(occupancy, A4, SIZES, corner) ?? {};
      if (rect === undefined) return;
      assert.ok(rect.x >= EDGE && rect.y >= EDGE);
      assert.ok(
        rect.x + rect.width <= A4.width - EDGE + 0.001 && rect.y + rect.height <= A4.height - EDGE + 0.001,
      );
      for (let row = 0; row < occupancy.rows; row++) {
        for (let column = 0; column < occupancy.columns; column++) {
          if (!isTaken(column, row)) continue;
          const [x, top] = [column * occupancy.cell, A4.height - row * occupancy.cell];
          const apart =
            x + occupancy.cell <= rect.x ||
            x >= rect.x + rect.width ||
            top <= rect.y ||
            top - occupancy.cell >= rect.y + rect.height;
          assert.ok(apart, `cell ${column}, ${row} is covered`);
        }
      }
    }),
  );
});
