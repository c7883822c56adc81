import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { corrected } from './reed-solomon.js';

/** ISO/IEC 18004:2015, annex I: '01234567' in version 1 at level M, 16 bytes of data and 10 check bytes. */
const BLOCK = Uint8Array.from(Buffer.from('10200c566180ec11ec11ec11ec11ec11a524d4c1ed36c7872c55', 'hex'));
const CHECKS = 10;

const positions = (most: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max: BLOCK.length - 1 }), { maxLength: most });

function damaged(at: readonly number[], by: number): Uint8Array {
  const block = Uint8Array.from(BLOCK);
  for (const position of at) block[position] = (block[position] ?? 0) ^ by;
  return block;
}

test('a block without errors is what it was', () => {
  assert.deepEqual(corrected(BLOCK, CHECKS, []), BLOCK);
});

test('up to half as many errors as check bytes are found and mended', () => {
  fc.assert(
    fc.property(positions(CHECKS / 2), fc.integer({ min: 1, max: 255 }), (wrong, by) => {
      assert.deepEqual(corrected(damaged(wrong, by), CHECKS, []), BLOCK);
    }),
  );
});

test('of bytes known to be lost twice as many, also together with errors', () => {
  fc.assert(
    fc.property(positions(CHECKS), fc.nat(CHECKS), fc.integer({ min: 1, max: 255 }), (wrong, share, by) => {
      const lost = wrong.slice(0, share);
      const errors = wrong.length - lost.length;
      fc.pre(2 * errors + lost.length <= CHECKS);
      assert.deepEqual(corrected(damaged(wrong, by), CHECKS, lost), BLOCK);
    }),
  );
});

test('what is beyond that is refused, and so is what would leave too little to check by', () => {
  const wrong = Array.from({ length: CHECKS }, (_, i) => 2 * i);
  assert.equal(corrected(damaged(wrong, 0x5a), CHECKS, []), undefined);
  assert.equal(corrected(damaged(wrong, 0x5a), CHECKS, [...wrong, 1]), undefined);
  assert.deepEqual(corrected(damaged(wrong, 0x5a), CHECKS, wrong), BLOCK);
  assert.equal(corrected(damaged(wrong, 0x5a), CHECKS, wrong, 1), undefined);
});
