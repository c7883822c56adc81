import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex } from '../bytes.js';
import { ProtocolError } from '../error.js';
import { DerCursor, TAG, derNamedBits, derSequence, derSmallInteger, derTrue, derUnsigned } from './der.js';
import { derTime } from './time.js';

const der = { name: 'ProtocolError', code: 'DER' } as const;

function element(hex: string) {
  const cursor = new DerCursor(fromHex(hex));
  const read = cursor.next();
  cursor.end();
  return read;
}

function time(tag: number, text: string) {
  const content = new TextEncoder().encode(text);
  return { tag, content, raw: content };
}

test('elements are read in order, with long lengths in their shortest form', () => {
  const cursor = derSequence(
    fromHex('30820105' + '0201ff' + '0481ff' + '00'.repeat(255)).subarray(0, 4 + 0x105),
  );
  assert.equal(cursor.take(TAG.integer).content[0], 0xff);
  assert.equal(cursor.take(TAG.octetString).content.length, 255);
  assert.equal(cursor.optional(TAG.integer), null);
  assert.doesNotThrow(() => cursor.end());
});

const refused: readonly (readonly [string, string])[] = [
  ['indefinite length', '30800000'],
  ['a long form for a short length', '04810100'],
  ['a leading zero in a length', '048200ff' + '00'.repeat(255)],
  ['a length of five bytes', '04850000000001' + '00'],
  ['content cut short', '0403ffff'],
  ['a tag without a length', '04'],
  ['nothing at all', ''],
  ['a tag number above 30', '1f810100'],
];

for (const [what, hex] of refused) {
  test(`refuses ${what}`, () => assert.throws(() => element(hex), der));
}

test('refuses bytes after the structure', () => {
  assert.throws(() => derSequence(fromHex('300000')), der);
  assert.throws(() => derSequence(fromHex('3003020101')).end(), der);
});

test('integers have one spelling and are not negative', () => {
  assert.deepEqual([...derUnsigned(element('02020080'))], [0x80]);
  assert.deepEqual([...derUnsigned(element('020100'))], [0]);
  assert.equal(derSmallInteger(element('02020100')), 256);
  for (const hex of ['0200', '020180', '02020001']) assert.throws(() => derUnsigned(element(hex)), der, hex);
  assert.throws(() => derSmallInteger(element('020401000000')), der);
});

test('TRUE has one spelling and FALSE, being the default, none', () => {
  assert.equal(derTrue(element('0101ff')), true);
  assert.equal(derTrue(null), false);
  for (const hex of ['010100', '010101', '0100', '0102ffff'])
    assert.throws(() => derTrue(element(hex)), der, hex);
});

test('named bits count from the left and have no trailing zeros', () => {
  assert.deepEqual([...derNamedBits(element('03020780'))], [0]);
  assert.deepEqual([...derNamedBits(element('03020106'))], [5, 6]);
  assert.deepEqual([...derNamedBits(element('030100'))], []);
  for (const hex of ['03020680', '03020880', '03020000', '0300', '03020781']) {
    assert.throws(() => derNamedBits(element(hex)), der, hex);
  }
});

test('times are seconds in Zulu; two-digit years pivot at 50', () => {
  assert.equal(derTime(time(TAG.utcTime, '491231235959Z')), Date.UTC(2049, 11, 31, 23, 59, 59));
  assert.equal(derTime(time(TAG.utcTime, '500101000000Z')), Date.UTC(1950, 0, 1));
  assert.equal(derTime(time(TAG.generalizedTime, '99991231235959Z')), Date.UTC(9999, 11, 31, 23, 59, 59));
  for (const text of [
    '4912312359Z',
    '491231235959+0000',
    '491331235959Z',
    '20260101000000Z',
    '4912312359 9Z',
  ]) {
    assert.throws(() => derTime(time(TAG.utcTime, text)), der, text);
  }
  assert.throws(() => derTime(time(TAG.generalizedTime, '20260101000000.5Z')), der);
  assert.throws(() => derTime(time(TAG.printableString, '491231235959Z')), der);
});

test('arbitrary bytes are read or refused, and never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const cursor = new DerCursor(bytes);
      try {
        while (!cursor.done) {
          const { raw, content } = cursor.next();
          assert.ok(raw.length >= content.length + 2);
        }
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
    }),
  );
});
