import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  documentIdBytes,
  documentIdFromBytes,
  formatDocumentId,
  isDocumentId,
  newDocumentId,
  parseDocumentId,
} from './document-id.js';
import { fromHex, toHex } from './bytes.js';
import { formats } from './vectors/formats.js';

const refused = { name: 'ProtocolError', code: 'DOCUMENT_ID' };

/** Crockford's definition by big integers, to hold the shifts against. */
function idByDefinition(bytes: Uint8Array): string | null {
  const symbols = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  const value = BigInt(`0x${toHex(bytes)}`);
  const body = Array.from(
    { length: 16 },
    (_, i) => symbols[Number((value >> BigInt(75 - 5 * i)) & 31n)] ?? '',
  );
  const check = symbols[Number(value % 37n)];
  return check === undefined ? null : body.join('') + check;
}

const tenBytes = fc.uint8Array({ minLength: 10, maxLength: 10 });
const ids = tenBytes.map(idByDefinition).filter((id) => id !== null);

test('the fixed vectors', () => {
  for (const { hex, id, printed } of formats.documentIds) {
    assert.equal(documentIdFromBytes(fromHex(hex)), id);
    assert.equal(toHex(documentIdBytes(id)), hex);
    assert.equal(formatDocumentId(id), printed);
    assert.equal(parseDocumentId(printed), id);
  }
});

test('ten bytes are an id exactly when their check symbol is one of the 32', () => {
  fc.assert(
    fc.property(tenBytes, (bytes) => {
      const id = idByDefinition(bytes);
      if (id === null) {
        assert.throws(() => documentIdFromBytes(bytes), refused);
      } else {
        assert.equal(documentIdFromBytes(bytes), id);
        assert.deepEqual(documentIdBytes(id), bytes);
      }
    }),
    { numRuns: 2000 },
  );
});

test('a new id is drawn again until it has a check symbol', () => {
  // 36 leaves remainder 36, which has no ordinary symbol.
  const draws = [
    fromHex('00000000000000000024'),
    fromHex('00000000000000000020'),
    fromHex('0000000000000000001f'),
  ];
  const asked: number[] = [];
  const random = (length: number): Uint8Array => {
    asked.push(length);
    return draws.shift() ?? assert.fail('drawn once too often');
  };
  assert.equal(newDocumentId(random), '000000000000000ZZ');
  assert.deepEqual(asked, [10, 10, 10]);
});

test('a source of too few bytes is refused', () => {
  assert.throws(() => newDocumentId(() => new Uint8Array(9)), refused);
});

test('what people type is understood: hyphens, spaces, lower case, O, I and L', () => {
  fc.assert(
    fc.property(ids, (id) => {
      assert.equal(parseDocumentId(id), id);
      assert.equal(parseDocumentId(formatDocumentId(id)), id);
      assert.equal(parseDocumentId(` ${formatDocumentId(id).toLowerCase().replace(/-/g, ' ')}`), id);
      assert.equal(parseDocumentId(id.replace(/0/g, 'O').replace(/1/g, 'l')), id);
      assert.equal(parseDocumentId(id.replace(/0/g, 'o').replace(/1/g, 'I')), id);
    }),
  );
});

test('one mistyped symbol, or two neighbours exchanged, is noticed', () => {
  const symbols = Array.from('0123456789ABCDEFGHJKMNPQRSTVWXYZ');
  fc.assert(
    fc.property(ids, fc.nat(16), fc.constantFrom(...symbols), (id, at, symbol) => {
      const typed = id.slice(0, at) + symbol + id.slice(at + 1);
      if (typed !== id) assert.throws(() => parseDocumentId(typed), refused);
      const [a = '', b = ''] = id.slice(at, at + 2);
      const exchanged = id.slice(0, at) + b + a + id.slice(at + 2);
      if (exchanged !== id) assert.throws(() => parseDocumentId(exchanged), refused);
    }),
    { numRuns: 2000 },
  );
});

test('only the canonical spelling is an id inside a statement', () => {
  fc.assert(
    fc.property(ids, (id) => {
      assert.equal(isDocumentId(id), true);
      assert.equal(isDocumentId(formatDocumentId(id)), false);
      assert.equal(isDocumentId(`${id}\n`), false);
      const lower = id.toLowerCase();
      if (lower !== id) assert.equal(isDocumentId(lower), false);
    }),
  );
  for (const value of [undefined, null, 5, '', 'O'.repeat(17), 'Ｚ'.repeat(17)])
    assert.equal(isDocumentId(value), false);
});

test('too short, too long and other characters are refused', () => {
  const id = formats.documentIds[0]?.id ?? '';
  for (const text of [
    '',
    id.slice(1),
    `${id}0`,
    `${id.slice(0, 16)}U`,
    `${id.slice(0, 16)}*`,
    `${id}${' '.repeat(64)}`,
  ]) {
    assert.throws(() => parseDocumentId(text), refused);
  }
  assert.throws(() => documentIdBytes(formatDocumentId(id)), refused);
  assert.throws(() => documentIdFromBytes(new Uint8Array(11)), refused);
});

test('the example that a refusal shows is a code that would be taken', () => {
  let shown = '';
  try {
    parseDocumentId('what is this');
  } catch (error) {
    shown = /such as (\S+)$/.exec(String(error))?.[1] ?? '';
  }
  assert.equal(formatDocumentId(parseDocumentId(shown)), shown);
});
