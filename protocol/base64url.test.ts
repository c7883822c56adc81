import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  base64urlLength,
  decodeBase64url,
  decodeBase64urlText,
  encodeBase64url,
  writeBase64url,
} from './base64url.js';
import { utf8 } from './bytes.js';

// RFC 4648 §10, without padding, and the two characters in which the alphabets differ.
const VECTORS: readonly (readonly [bytes: Uint8Array, text: string])[] = [
  [utf8(''), ''],
  [utf8('f'), 'Zg'],
  [utf8('fo'), 'Zm8'],
  [utf8('foo'), 'Zm9v'],
  [utf8('foob'), 'Zm9vYg'],
  [utf8('fooba'), 'Zm9vYmE'],
  [utf8('foobar'), 'Zm9vYmFy'],
  [Uint8Array.of(0xfb, 0xff, 0xfe), '-__-'],
];

const refused = { name: 'ProtocolError', code: 'BASE64URL' };

test('the vectors of RFC 4648', () => {
  for (const [bytes, text] of VECTORS) {
    assert.equal(encodeBase64url(bytes), text);
    assert.deepEqual(decodeBase64url(text), bytes);
  }
});

test('any bytes come back, in the spelling that Node gives them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = encodeBase64url(bytes);
      assert.equal(text, Buffer.from(bytes).toString('base64url'));
      assert.equal(text.length, base64urlLength(bytes.length));
      assert.deepEqual(decodeBase64url(text), bytes);
    }),
  );
});

test('a text is refused or is the one spelling of its bytes', () => {
  const symbols = fc.constantFrom(...Array.from('AQgwBCZaz09-_=+/ \n\u0100é'));
  fc.assert(
    fc.property(fc.string({ unit: symbols, maxLength: 12 }), (text) => {
      let bytes: Uint8Array;
      try {
        bytes = decodeBase64url(text);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'BASE64URL');
        return;
      }
      assert.equal(encodeBase64url(bytes), text);
    }),
  );
});

test('padding, the other alphabet, white space and lookalikes are refused', () => {
  for (const text of [
    'Zg==',
    'Zm8=',
    'Zm9v=',
    '+__-',
    '-//-',
    'Zm 9v',
    'Zm9v\n',
    'Zg\0\0',
    'Zm9\u0161',
    'Ｚm9v',
  ]) {
    assert.throws(() => decodeBase64url(text), refused, JSON.stringify(text));
  }
});

test('a single symbol in the last group is refused', () => {
  assert.throws(() => decodeBase64url('Z'), refused);
  assert.throws(() => decodeBase64url('Zm9vY'), refused);
});

test('bits after the last byte are refused when not zero', () => {
  for (const text of ['Zh', 'Zv', 'Zm9', 'Zm_', 'AB', 'AAB']) {
    assert.throws(() => decodeBase64url(text), refused, text);
  }
});

test('a part of an array is written into the middle of another', () => {
  const from = utf8('xfoobarx');
  const to = new Uint8Array(10);
  assert.equal(writeBase64url(from, 1, 5, to, 2), 8);
  assert.deepEqual(to, Uint8Array.from([0, 0, ...utf8('Zm9vYg'), 0, 0]));
  assert.equal(writeBase64url(from, 1, 4, to, 0), 4);
  assert.equal(writeBase64url(from, 1, 6, to, 0), 7);
});

test('text of any length comes back from its base64url, and its malformed UTF-8 is refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000, size: 'max' }), (text) => {
      assert.equal(decodeBase64urlText(encodeBase64url(utf8(text))), text);
    }),
  );
  // A shorter one after a longer one: nothing of the longer one is left.
  const [most, more] = ['x'.repeat(4096), 'y'.repeat(5000)].map((text) => encodeBase64url(utf8(text)));
  assert.equal(decodeBase64urlText(most ?? ''), 'x'.repeat(4096));
  assert.equal(decodeBase64urlText(more ?? ''), 'y'.repeat(5000));
  assert.equal(decodeBase64urlText('eg'), 'z');
  assert.throws(() => decodeBase64urlText('_w'), { name: 'ProtocolError', code: 'UTF8' });
  assert.throws(() => decodeBase64urlText('eh'), refused);
  assert.throws(() => decodeBase64urlText('e'), refused);
});
