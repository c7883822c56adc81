import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { darkRectangles, makeQr } from './qr.js';

test('the rectangles are the dark modules, each of them once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.infiniteStream(fc.boolean()), (size, stream) => {
      const dark = [...stream.take(size * size)];
      const isDark = (row: number, column: number): boolean => dark[row * size + column] === true;
      const drawn = new Array<number>(size * size).fill(0);
      for (const [column, row, width, height] of darkRectangles({ size, isDark })) {
        for (let y = row; y < row + height; y++) {
          for (let x = column; x < column + width; x++) drawn[y * size + x] = (drawn[y * size + x] ?? 0) + 1;
        }
      }
      assert.deepEqual(drawn, dark.map(Number));
    }),
  );
});

test('claims of 779 bytes are the most that version 22 takes at level M', () => {
  assert.equal(makeQr('x'.repeat(779)).size, 21 + 21 * 4);
  assert.throws(() => makeQr('x'.repeat(780)), { code: 'CLAIMS_TOO_LARGE' });
  assert.throws(() => makeQr('x'.repeat(5_000)), { code: 'CLAIMS_TOO_LARGE' });
});
