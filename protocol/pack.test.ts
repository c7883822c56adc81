import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from './bytes.js';
import { signWith } from './crypto-node.js';
import { documentIdBytes } from './document-id.js';
import { encodeEntry } from './entry.js';
import { PACK_LIMITS, packStatements, unpackEntries, unpackStatements, withText } from './pack.js';
import { parseStatement, signStatement, type SignedStatement } from './statement.js';
import { statements } from './vectors/arbitrary-statement.js';
import { formats } from './vectors/formats.js';
import { RFC6979_KEY } from './vectors/rfc6979-key.js';

const sign = signWith(createPrivateKey({ key: RFC6979_KEY, format: 'jwk' }));
const vector = formats.statements.map(({ text }) => parseStatement(text));
const packedVector = fromHex(formats.packed);
const refused = { name: 'ProtocolError', code: 'PACKED' };
const tooLarge = { name: 'ProtocolError', code: 'TOO_LARGE' };

test('the fixed vector packs and unpacks', () => {
  assert.equal(toHex(packStatements(vector)), formats.packed);
  assert.deepEqual(unpackStatements(packedVector), vector);
});

test('a batch comes back exactly as parsing its texts gives it', async () => {
  const kids = fc.constantFrom('k1', 'another_key-id', 'k'.repeat(43));
  const item = fc.record({ statement: statements, kid: kids });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 12 }), async (items) => {
      const texts = await Promise.all(items.map(({ statement, kid }) => signStatement(statement, kid, sign)));
      const signed = texts.map(parseStatement);
      const unpacked = unpackStatements(packStatements(signed));
      assert.deepEqual(unpacked, signed);
      assert.deepEqual(
        unpacked.map(({ text }) => text),
        texts,
      );
    }),
    { numRuns: 60 },
  );
});

test('a batch larger than one piece of memory comes back, as entries of its time', () => {
  const many = Array.from({ length: 600 }, (_, i) => vector[i % vector.length] ?? assert.fail());
  const entered = unpackEntries(packStatements(many), 1_800_000_000_001);
  assert.deepEqual(entered.map(withText), many);
  assert.deepEqual(
    entered.map(({ entry }) => entry),
    many.map(({ text }) => encodeEntry(1_800_000_000_001, text)),
  );
});

test('entries of a time that is none are refused', () => {
  assert.throws(() => unpackEntries(packedVector, -1), { name: 'ProtocolError', code: 'ENTRY' });
});

/** Whatever is accepted must be what packing its meaning gives. */
function refusedOrCanonical(bytes: Uint8Array): void {
  let signed: SignedStatement[];
  try {
    signed = unpackStatements(bytes);
  } catch (error) {
    assert.equal((error as Error).name, 'ProtocolError');
    return;
  }
  assert.ok(equalBytes(packStatements(signed), bytes));
  for (const item of signed) assert.deepEqual(parseStatement(item.text), item);
}

test('each single-bit change is refused or is the one packed form of another batch', () => {
  for (let bit = 0; bit < packedVector.length * 8; bit++) {
    const changed = packedVector.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    refusedOrCanonical(changed);
  }
});

test('bytes replaced, inserted and removed at random are refused or canonical', () => {
  const edit = fc.record({
    at: fc.nat(packedVector.length - 1),
    remove: fc.nat(3),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let bytes = packedVector;
      for (const { at, remove, insert } of edits) {
        bytes = concatBytes(bytes.subarray(0, at), insert, bytes.subarray(at + remove));
      }
      refusedOrCanonical(bytes);
    }),
    { numRuns: 5000 },
  );
});

test('every truncation and any byte after the end is refused', () => {
  for (let length = 0; length < packedVector.length; length++) {
    assert.throws(() => unpackStatements(packedVector.subarray(0, length)), refused, `${length} bytes`);
  }
  assert.throws(() => unpackStatements(concatBytes(packedVector, Uint8Array.of(0))), refused);
});

/** A packed batch put together by hand, from one revocation unless told otherwise. */
function packed(changes: {
  version?: string;
  count?: string;
  table?: readonly (readonly [iss: string, kid: string])[];
  tableCount?: string;
  flags?: string;
  signer?: string;
  iat?: string;
  jti?: string;
  rest?: string;
  signature?: string;
  more?: string;
}): Uint8Array {
  const text = (part: string): string => toHex(concatBytes(Uint8Array.of(part.length), utf8(part)));
  const table = changes.table ?? [['bd.dghs.1', 'k1']];
  const jti = '00000000000000000000';
  return fromHex(
    [
      changes.version ?? '01',
      changes.count ?? '01',
      changes.tableCount ?? toHex(Uint8Array.of(table.length)),
      ...table.map(([iss, kid]) => text(iss) + text(kid)),
      changes.flags ?? '01',
      changes.signer ?? '00',
      changes.iat ?? '05',
      changes.jti ?? jti,
      changes.rest ?? '',
      changes.signature ?? '01'.repeat(64),
      changes.more ?? '',
    ].join(''),
  );
}

test('the hand-made batch is a good one', () => {
  const [signed, ...none] = unpackStatements(packed({}));
  assert.equal(none.length, 0);
  assert.deepEqual(signed?.statement, {
    op: 'revoke',
    iss: 'bd.dghs.1',
    iat: 5,
    jti: '00000000000000000',
    reason: 'error',
  });
});

test('every second way of saying the same is refused', () => {
  const again = `0100050000000000000000000001${'01'.repeat(63)}`;
  const cases: Record<string, Uint8Array> = {
    'another version': packed({ version: '02' }),
    'no statements': fromHex('010000'),
    'a padded count': packed({ count: '8100' }),
    'a padded signer': packed({ signer: '8000' }),
    'a padded iat': packed({ iat: '8500' }),
    'an iat beyond the safe integers': packed({ iat: 'ffffffffffffff7f' }),
    'an iat of nine bytes': packed({ iat: '808080808080808001' }),
    'an iat beyond the year 9999': packed({ iat: '80f0b8a8f107' }),
    'no signers': packed({ tableCount: '00', table: [] }),
    'a signer twice': packed({
      table: [
        ['bd.dghs.1', 'k1'],
        ['bd.dghs.1', 'k1'],
      ],
      count: '02',
      more: again.replace('0100', '0101'),
    }),
    'a signer who signed nothing': packed({
      table: [
        ['bd.dghs.1', 'k1'],
        ['bd.dghs.2', 'k1'],
      ],
      count: '02',
      more: again,
    }),
    'more signers than statements': packed({
      table: [
        ['bd.dghs.1', 'k1'],
        ['bd.dghs.2', 'k1'],
      ],
    }),
    'signers not in order of use': packed({
      table: [
        ['bd.dghs.1', 'k1'],
        ['bd.dghs.2', 'k1'],
      ],
      signer: '01',
      count: '02',
      more: again,
    }),
    'a signer beyond the table': packed({ signer: '01' }),
    'an issuer id that is none': packed({ table: [['BD.dghs.1', 'k1']] }),
    'an issuer id after a byte order mark': fromHex(
      toHex(packed({})).replace('0962642e646768732e31', '0cefbbbf62642e646768732e31'),
    ),
    'an issuer id with JSON in it': packed({ table: [['bd.x","iss":"y', 'k1']] }),
    'an issuer id of 65': packed({ table: [[`bd.${'x'.repeat(62)}`, 'k1']] }),
    'a key id that is none': packed({ table: [['bd.dghs.1', 'k"']] }),
    'an empty key id': packed({ table: [['bd.dghs.1', '']] }),
    'a flag too many on a revocation': packed({ flags: '09' }),
    'a high flag on a revocation': packed({ flags: '81' }),
    'a high flag on an issue': packed({ flags: '10', rest: '00'.repeat(64) }),
    'a document id without check symbol': packed({ jti: '00000000000000000024' }),
    'a replacement without check symbol': packed({ flags: '07', rest: '00000000000000000024' }),
    'a document replaced by itself': packed({ flags: '07', rest: '00000000000000000000' }),
    'an expiry that is no later': packed({ flags: '08', rest: `${'00'.repeat(64)}00` }),
    'a padded expiry': packed({ flags: '08', rest: `${'00'.repeat(64)}8100` }),
    'an expiry beyond the year 9999': packed({ flags: '08', rest: `${'00'.repeat(64)}80f0b8a8f107` }),
    'a high S': packed({ signature: `${'01'.repeat(32)}${'ff'.repeat(32)}` }),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    assert.throws(() => unpackStatements(bytes), refused, what);
  }
});

test('more statements or bytes than allowed are refused, and exactly as many taken', () => {
  const total = vector.reduce((sum, { text }) => sum + text.length, 0);
  const exactly = { maxStatements: vector.length, maxBytes: total };
  assert.equal(unpackStatements(packedVector, exactly).length, vector.length);
  assert.deepEqual(packStatements(vector, exactly), packedVector);
  for (const limits of [
    { ...exactly, maxStatements: vector.length - 1 },
    { ...exactly, maxBytes: total - 1 },
    { ...exactly, maxBytes: packedVector.length - 1 },
  ]) {
    assert.throws(() => unpackStatements(packedVector, limits), tooLarge);
    assert.throws(() => packStatements(vector, limits), tooLarge);
  }
});

test('a count or a length that lies costs nothing', () => {
  assert.throws(() => unpackStatements(packed({ count: 'ffffffffffff7f' })), tooLarge);
  assert.throws(() => unpackStatements(packed({ tableCount: 'ffffffffffff7f' })), refused);
  assert.throws(() => unpackStatements(new Uint8Array(PACK_LIMITS.maxBytes + 1)), tooLarge);
});

test('an empty batch is not packed', () => {
  assert.throws(() => packStatements([]), refused);
});

test('a statement takes about 146 bytes', () => {
  const one =
    vector.find(({ statement }) => statement.op === 'issue' && statement.exp === undefined) ?? assert.fail();
  const [a, b] = [packStatements([one]).length, packStatements([one, one]).length];
  assert.equal(b - a, 145);
  assert.equal(documentIdBytes(one.statement.jti).length, 10);
});
