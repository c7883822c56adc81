import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  HEAD_RING,
  headKey,
  isMspId,
  issuerKey,
  keyOf,
  keyValidAt,
  logKey,
  parseIssuer,
  parseLogHead,
  parseLogState,
  parseStatus,
  statusKey,
  voteKey,
  type Issuer,
} from './records.js';
import { formats } from './vectors/formats.js';

const refused = { name: 'ProtocolError', code: 'RECORD' };
const { jwk } = formats;
const [jti = '', by = ''] = formats.documentIds.map(({ id }) => id);

const ISSUER: Issuer = {
  name: 'Dhaka General Hospital',
  kind: 'hospital',
  mspId: 'Org1MSP',
  licence: 'HSM-12345',
  telephone: '+880 2 5555 1234',
  keys: [
    { kid: 'old', jwk, from: 100, until: 200, why: 'rotated' },
    { kid: 'new', jwk, from: 200 },
  ],
  state: 'admitted',
  since: 100,
};
const HEAD = { n: 3, size: 7, root: 'A'.repeat(43), at: 1_760_000_000_000 };
const STATUS = { reason: 'error', at: 5, index: 0, mspId: 'Org1MSP' };

test('keys of the world state', () => {
  assert.equal(logKey('Org1MSP'), 'log/Org1MSP');
  assert.equal(headKey('Org1MSP', 1025), 'head/Org1MSP/1');
  assert.equal(headKey('Org1MSP', 1023), 'head/Org1MSP/1023');
  assert.equal(statusKey('bd.dghs.1', jti), `status/bd.dghs.1/${jti}`);
  assert.equal(issuerKey('bd.dghs.1'), 'issuer/bd.dghs.1');
  assert.equal(voteKey('ab'), 'vote/ab');
});

test('a head is overwritten after 1,024 further appends and not before', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.nat(3000), (n, later) => {
      assert.equal(headKey('M', n) === headKey('M', n + later), later % HEAD_RING === 0);
    }),
  );
});

test('a key is good from its first moment until before its last', () => {
  assert.equal(keyValidAt(ISSUER, 'old', 99), null);
  assert.equal(keyValidAt(ISSUER, 'old', 100)?.kid, 'old');
  assert.equal(keyValidAt(ISSUER, 'old', 199)?.kid, 'old');
  assert.equal(keyValidAt(ISSUER, 'old', 200), null);
  assert.equal(keyValidAt(ISSUER, 'new', 199), null);
  assert.equal(keyValidAt(ISSUER, 'new', Number.MAX_SAFE_INTEGER)?.kid, 'new');
  assert.equal(keyValidAt(ISSUER, 'none', 150), null);
  assert.equal(keyOf(ISSUER, 'old')?.why, 'rotated');
  assert.equal(keyOf(ISSUER, 'none'), null);
});

test('a key ended before it began was never good', () => {
  const keys = [{ kid: 'k', jwk, from: 100, until: 50, why: 'compromised' as const }];
  const issuer = parseIssuer({ ...ISSUER, keys });
  for (const at of [0, 49, 50, 75, 100, 101]) assert.equal(keyValidAt(issuer, 'k', at), null);
});

test('sound records are read as they are', () => {
  assert.deepEqual(parseIssuer(ISSUER), ISSUER);
  assert.deepEqual(parseLogHead(HEAD), HEAD);
  assert.deepEqual(parseLogState({ ...HEAD, frontier: [HEAD.root] }), { ...HEAD, frontier: [HEAD.root] });
  assert.deepEqual(parseStatus(STATUS), STATUS);
  const superseded = { ...STATUS, reason: 'superseded', by, annulled: 6 };
  assert.deepEqual(parseStatus(superseded), superseded);
});

test('an issuer with an unknown, missing or unsound member is refused', () => {
  const wrong: Record<string, readonly unknown[]> = {
    extra: [1],
    name: ['', 5, undefined],
    kind: ['Hospital', ''],
    mspId: ['', 'a/b', '../x', 'a b', 'x'.repeat(65)],
    licence: [null],
    telephone: [1],
    keys: [[], {}, null, [ISSUER.keys[0], ISSUER.keys[0]]],
    state: ['gone', null],
    since: [-1, 0.5, '100'],
  };
  for (const [member, values] of Object.entries(wrong)) {
    for (const value of values) {
      assert.throws(() => parseIssuer({ ...ISSUER, [member]: value }), refused, `${member} ${String(value)}`);
    }
  }
  for (const value of [null, [], 'issuer', { keys: [] }]) assert.throws(() => parseIssuer(value), refused);
});

test('a key with an unsound member is refused', () => {
  const [key] = ISSUER.keys;
  for (const change of [
    { extra: 1 },
    { kid: '' },
    { kid: 'a/b' },
    { from: -1 },
    { until: undefined },
    { why: undefined },
    { why: 'lost' },
    { until: 'never' },
  ]) {
    assert.throws(
      () => parseIssuer({ ...ISSUER, keys: [{ ...key, ...change }] }),
      refused,
      JSON.stringify(change),
    );
  }
  const offCurve = { ...key, jwk: { ...jwk, y: jwk.x } };
  assert.throws(() => parseIssuer({ ...ISSUER, keys: [offCurve] }), { code: 'PUBLIC_KEY' });
});

test('a head, log or status with an unsound member is refused', () => {
  for (const change of [{ n: -1 }, { size: 2 ** 53 }, { root: 'A'.repeat(42) }, { at: '5' }, { extra: 1 }]) {
    assert.throws(() => parseLogHead({ ...HEAD, ...change }), refused, JSON.stringify(change));
    assert.throws(() => parseLogState({ ...HEAD, frontier: [], ...change }), refused);
  }
  assert.throws(() => parseLogHead({ ...HEAD, root: `${'A'.repeat(42)}B` }), { code: 'BASE64URL' });
  assert.throws(() => parseLogState(HEAD), refused);
  assert.throws(() => parseLogState({ ...HEAD, frontier: ['A'] }), refused);
  for (const change of [
    { reason: 'gone' },
    { reason: 'superseded' },
    { by },
    { reason: 'superseded', by: 'x' },
    { at: -1 },
    { index: 0.5 },
    { mspId: 'a/b' },
    { annulled: null },
    { extra: 1 },
  ]) {
    assert.throws(() => parseStatus({ ...STATUS, ...change }), refused, JSON.stringify(change));
  }
});

test('an MSP id cannot reach into another key', () => {
  for (const id of ['Org1MSP', 'DGHS', 'hospital-1.example_2']) assert.ok(isMspId(id));
  for (const id of ['', '/', 'a/b', '.a', '-a', 'a\n', 'ক', 5, null]) assert.ok(!isMspId(id));
});
