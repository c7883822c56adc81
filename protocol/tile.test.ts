import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex } from './bytes.js';
import { decodeEntryBundle, encodeEntryBundle, entriesPath, tilePath } from './tile.js';

const refused = { name: 'ProtocolError', code: 'TILE' };

test('paths as C2SP tlog-tiles spells them', () => {
  assert.equal(tilePath(0, 0), 'tile/0/000');
  assert.equal(tilePath(0, 273), 'tile/0/273');
  assert.equal(tilePath(1, 1, 17), 'tile/1/001.p/17');
  assert.equal(tilePath(0, 1_234_067), 'tile/0/x001/x234/067');
  assert.equal(tilePath(0, 1_234_067, 8), 'tile/0/x001/x234/067.p/8');
  assert.equal(tilePath(63, 999), 'tile/63/999');
  assert.equal(tilePath(2, 1000, 256), 'tile/2/x001/000');
  assert.equal(entriesPath(1_234_067), 'tile/entries/x001/x234/067');
  assert.equal(entriesPath(0, 255), 'tile/entries/000.p/255');
  assert.equal(entriesPath(0, 1), 'tile/entries/000.p/1');
});

test('a path names its tile', () => {
  fc.assert(
    fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (n) => {
      const groups = entriesPath(n).split('/').slice(2);
      assert.ok(groups.slice(0, -1).every((group) => /^x\d{3}$/.test(group)));
      assert.match(groups.at(-1) ?? '', /^\d{3}$/);
      assert.equal(Number(groups.join('').replaceAll('x', '')), n);
    }),
  );
});

test('a level, number or width that no tile has is refused', () => {
  for (const [level, n, width] of [
    [-1, 0, 256],
    [64, 0, 256],
    [0.5, 0, 256],
    [0, -1, 256],
    [0, 0.5, 256],
    [0, 2 ** 53, 256],
    [0, 0, 0],
    [0, 0, 257],
    [0, 0, 1.5],
  ] as const) {
    assert.throws(() => tilePath(level, n, width), refused);
    if (level === 0) assert.throws(() => entriesPath(n, width), refused);
  }
});

test('a bundle is each entry after its length', () => {
  assert.equal(toHex(encodeEntryBundle([fromHex('aabb'), fromHex(''), fromHex('cc')])), '0002aabb00000001cc');
});

test('the entries of a bundle come back', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 256 }), (entries) => {
      assert.deepEqual(decodeEntryBundle(encodeEntryBundle(entries)), entries);
    }),
  );
  const full = Array.from({ length: 256 }, () => new Uint8Array(2));
  assert.deepEqual(decodeEntryBundle(encodeEntryBundle(full)), full);
  const long = new Uint8Array(65_535).fill(7);
  assert.deepEqual(decodeEntryBundle(encodeEntryBundle([long, long])), [long, long]);
});

test('a bundle that ends inside an entry, or holds too many or too long ones, is refused', () => {
  for (const hex of ['00', '0001', '0002aa', '0001aa00']) {
    assert.throws(() => decodeEntryBundle(fromHex(hex)), refused, hex);
  }
  assert.throws(() => decodeEntryBundle(new Uint8Array(2 * 257)), refused);
  assert.throws(() => encodeEntryBundle(Array.from({ length: 257 }, () => new Uint8Array(1))), refused);
  assert.throws(() => encodeEntryBundle([new Uint8Array(65_536)]), refused);
});
