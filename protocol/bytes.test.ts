import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, equalBytes, fromAscii, fromHex, fromUtf8, toHex, utf8 } from './bytes.js';

const anyBytes = fc.uint8Array({ maxLength: 200 });

test('hexadecimal gives the bytes back, in either case', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
      assert.deepEqual(fromHex(toHex(bytes)), bytes);
      assert.deepEqual(fromHex(toHex(bytes).toUpperCase()), bytes);
    }),
  );
});

test('half a byte, a space and a letter beyond f are not hexadecimal', () => {
  for (const text of ['0', '0g', ' 00', '00 ', '0x00', '٠٠', '00\n']) {
    assert.throws(() => fromHex(text), { name: 'ProtocolError', code: 'HEX' }, text);
  }
});

test('UTF-8 gives the text back, a byte order mark included', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(fromUtf8(utf8(text)), text);
      assert.equal(fromUtf8(utf8(`\ufeff${text}`)), `\ufeff${text}`);
    }),
  );
});

test('malformed, overlong and surrogate UTF-8 is refused', () => {
  for (const hex of ['ff', 'c080', 'e28c', 'eda080', 'f4908080', '80']) {
    assert.throws(() => fromUtf8(fromHex(hex)), { name: 'ProtocolError', code: 'UTF8' }, hex);
  }
});

test('ASCII bytes become the string of the same characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 10_000 }), (text) => {
      assert.equal(fromAscii(utf8(text)), text);
    }),
  );
});

test('concatenation and equality are those of Buffer', () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, anyBytes, (a, b, c) => {
      assert.deepEqual(concatBytes(a, b, c), new Uint8Array(Buffer.concat([a, b, c])));
      assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0);
      assert.ok(equalBytes(a, a.slice()));
    }),
  );
});

test('one different byte or one byte more makes two arrays unequal', () => {
  assert.equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assert.equal(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)), false);
  assert.equal(equalBytes(Uint8Array.of(), Uint8Array.of(0)), false);
});
