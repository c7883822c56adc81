import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromHex, toHex, utf8 } from './bytes.js';
import { sha256 } from './crypto-node.js';
import { decodeEntry, encodeEntries, encodeEntry } from './entry.js';
import { leafHash } from './merkle/tree.js';
import { formats } from './vectors/formats.js';

const refused = { name: 'ProtocolError', code: 'ENTRY' };

test('the fixed vectors, and their leaf hashes', () => {
  for (const { at, text, entry, leafHash: leaf } of formats.statements) {
    assert.equal(toHex(encodeEntry(at, text)), entry);
    assert.deepEqual(decodeEntry(fromHex(entry)), { at, text });
    assert.equal(toHex(leafHash(fromHex(entry), sha256)), leaf);
  }
});

test('time and text come back', () => {
  const texts = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 2048 });
  const times = fc.oneof(
    fc.integer({ min: 0, max: 253_402_300_799_999 }),
    fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 253_402_300_799_999),
  );
  fc.assert(
    fc.property(times, texts, (at, text) => {
      const bytes = encodeEntry(at, text);
      assert.equal(bytes.length, 8 + text.length);
      assert.deepEqual(decodeEntry(bytes), { at, text });
      // From the middle of another array too.
      assert.deepEqual(decodeEntry(concatBytes(Uint8Array.of(9), bytes).subarray(1)), { at, text });
    }),
  );
});

test('many entries of one time are those that would be made one by one', () => {
  const texts = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 99 }));
  fc.assert(
    fc.property(fc.nat(), texts, (at, each) => {
      const statements = each.map((text) => ({ text }));
      assert.deepEqual(
        encodeEntries(at, statements),
        statements.map((signed) => ({ entry: encodeEntry(at, signed.text), signed })),
      );
    }),
  );
  for (const text of ['', 'é'])
    assert.throws(() => encodeEntries(0, [{ text: 'a' }, { text }, { text: 'b' }]), refused);
  assert.throws(() => encodeEntries(-1, [{ text: 'a' }]), refused);
});

test('a time that is no whole number of milliseconds before the year 10000 is refused', () => {
  for (const at of [-1, 0.5, NaN, Infinity, 253_402_300_800_000, 2 ** 53]) {
    assert.throws(() => encodeEntry(at, 'a'), refused, String(at));
  }
  assert.throws(() => decodeEntry(fromHex('ffffffffffffffff61')), refused);
  assert.throws(() => decodeEntry(fromHex('0000e677d21fdc0061')), refused);
  assert.equal(decodeEntry(fromHex('0000e677d21fdbff61')).at, 253_402_300_799_999);
});

test('an empty text or one beyond ASCII is refused, both ways', () => {
  for (const text of ['', 'é', 'aé', 'éa', 'আ', '\ud800', '\u0080'])
    assert.throws(() => encodeEntry(0, text), refused);
  for (const hex of [
    '',
    '0000000000000000',
    '000000000000000080',
    '0000000000000000c3a9',
    '00000000000000',
  ]) {
    assert.throws(() => decodeEntry(fromHex(hex)), refused, hex);
  }
  assert.deepEqual(decodeEntry(concatBytes(new Uint8Array(8), utf8('\u007f'))), { at: 0, text: '\u007f' });
});
