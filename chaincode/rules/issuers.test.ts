import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson } from '@spondon/protocol/canonical';
import type { Issuer } from '@spondon/protocol/records';
import type { FakeLedger } from '../fake-ledger.test-support.js';
import {
  Facility,
  MINUTE,
  NOON,
  REGULATORS,
  decide,
  documentId,
  newKey,
  openSample,
  refused,
} from '../sample.test-support.js';

const [REGULATOR] = REGULATORS;

const issuerOf = (ledger: FakeLedger, iss: string) =>
  ledger.evaluate(REGULATOR, 'Issuer', [iss]) as Promise<Issuer | null>;

/** The first vote is enough to be refused. */
const refuse = (ledger: FakeLedger, code: string, action: object) =>
  assert.rejects(ledger.endorse(REGULATOR, 'Decide', [canonicalJson(action)]), { message: refused(code) });

test('an admitted issuer has its facts and one key, valid from its transaction on', async () => {
  const { ledger } = await openSample();
  const facility = new Facility('bd.dghs.3', 'HospitalMSP');
  assert.equal(await issuerOf(ledger, facility.iss), null);
  ledger.now = NOON + MINUTE;
  await decide(ledger, facility.admission());
  const { kid, jwk } = facility.key;
  assert.deepEqual(await issuerOf(ledger, facility.iss), {
    name: 'Sample Hospital',
    kind: 'hospital',
    mspId: 'HospitalMSP',
    licence: 'DGHS-1',
    telephone: '+88021234567',
    keys: [{ kid, jwk, from: ledger.now }],
    state: 'admitted',
    since: ledger.now,
  });
});

test('nobody is admitted twice', async () => {
  const { ledger, hospital } = await openSample();
  await refuse(ledger, 'ISSUER_EXISTS', { ...hospital.admission(), mspId: 'ClinicMSP', nonce: '2' });
});

test('what is decided about an issuer needs one', async () => {
  const { ledger } = await openSample();
  const about = { iss: 'bd.dghs.404', nonce: '1' };
  await refuse(ledger, 'ISSUER_UNKNOWN', { do: 'suspend', ...about });
  await refuse(ledger, 'ISSUER_UNKNOWN', { do: 'addKey', ...about, jwk: newKey().jwk });
  await refuse(ledger, 'NOT_REVOKED', { do: 'annul', ...about, jti: documentId() });
});

test('suspension and reinstatement change the state once each and keep everything else', async () => {
  const { ledger, hospital } = await openSample();
  const { iss } = hospital;
  const before = await issuerOf(ledger, iss);
  await refuse(ledger, 'ISSUER_STATE', { do: 'reinstate', iss, nonce: '1' });
  ledger.now += MINUTE;
  await decide(ledger, { do: 'suspend', iss, nonce: '1' });
  assert.deepEqual(await issuerOf(ledger, iss), { ...before, state: 'suspended', since: ledger.now });
  await refuse(ledger, 'ISSUER_STATE', { do: 'suspend', iss, nonce: '2' });
  await decide(ledger, { do: 'reinstate', iss, nonce: '1' });
  assert.deepEqual(await issuerOf(ledger, iss), { ...before, since: ledger.now });
});

test('a new key joins the others and never replaces one', async () => {
  const { ledger, hospital } = await openSample();
  const { iss, key } = hospital;
  const next = newKey();
  await decide(ledger, { do: 'addKey', iss, jwk: next.jwk, nonce: '1' });
  const keys = (await issuerOf(ledger, iss))?.keys;
  assert.deepEqual(keys, [
    { kid: key.kid, jwk: key.jwk, from: NOON },
    { kid: next.kid, jwk: next.jwk, from: NOON },
  ]);
  await refuse(ledger, 'KEY_EXISTS', { do: 'addKey', iss, jwk: next.jwk, nonce: '2' });
  const until = NOON + MINUTE;
  await decide(ledger, { do: 'endKey', iss, kid: next.kid, until, why: 'rotated', nonce: '1' });
  await refuse(ledger, 'KEY_EXISTS', { do: 'addKey', iss, jwk: next.jwk, nonce: '2' });
});

test('a rotated key ends now or later, a compromised one now or since its beginning', async () => {
  const { ledger, hospital } = await openSample();
  const { iss, key } = hospital;
  ledger.now = NOON + 10 * MINUTE;
  const end = (why: string, until: number) => ({ do: 'endKey', iss, kid: key.kid, until, why, nonce: '1' });
  await refuse(ledger, 'UNTIL', end('rotated', ledger.now - 1));
  await refuse(ledger, 'UNTIL', end('compromised', ledger.now + 1));
  await refuse(ledger, 'UNTIL', end('compromised', NOON - 1));
  for (const [why, until] of [
    ['rotated', ledger.now],
    ['rotated', ledger.now + MINUTE],
    ['compromised', ledger.now],
    ['compromised', NOON],
  ] as const) {
    await ledger.endorse(REGULATOR, 'Decide', [canonicalJson(end(why, until))]);
  }
});

test('an end moves only to an earlier moment, and a compromise is never taken back', async () => {
  const { ledger, hospital } = await openSample();
  const { iss, key } = hospital;
  ledger.now = NOON + 10 * MINUTE;
  const end = (why: string, until: number) => ({ do: 'endKey', iss, kid: key.kid, until, why, nonce: '1' });
  const endOf = async () => {
    const [first] = (await issuerOf(ledger, iss))?.keys ?? [];
    return [first?.why, first?.until];
  };
  await decide(ledger, end('rotated', ledger.now + 9 * MINUTE));
  await refuse(ledger, 'KEY_ENDED', end('rotated', ledger.now + 10 * MINUTE));
  await decide(ledger, end('rotated', ledger.now + MINUTE));
  ledger.now += MINUTE;
  await decide(ledger, end('compromised', ledger.now));
  await refuse(ledger, 'KEY_ENDED', end('rotated', ledger.now));
  await decide(ledger, end('compromised', NOON + MINUTE));
  await refuse(ledger, 'KEY_ENDED', end('compromised', NOON + 2 * MINUTE));
  assert.deepEqual(await endOf(), ['compromised', NOON + MINUTE]);
});

test('only a key that exists can be ended', async () => {
  const { ledger, hospital, clinic } = await openSample();
  const action = { do: 'endKey', iss: hospital.iss, until: NOON, why: 'rotated', nonce: '1' };
  await refuse(ledger, 'KEY_UNKNOWN', { ...action, kid: clinic.key.kid });
});

test('a revocation that does not stand cannot be annulled', async () => {
  const { ledger, hospital, log, append } = await openSample();
  const { iss } = hospital;
  const document = await hospital.issue();
  const { jti } = document.statement;
  await append([document]);
  await refuse(ledger, 'NOT_REVOKED', { do: 'annul', iss, jti, nonce: '1' });
  await append([await hospital.revoke(jti)], [log.proof(0, 0)]);
  await decide(ledger, { do: 'annul', iss, jti, nonce: '1' });
  await refuse(ledger, 'NOT_REVOKED', { do: 'annul', iss, jti, nonce: '2' });
});

test('an action has exactly its members, each of its form', async () => {
  const { ledger, hospital } = await openSample();
  const admit = new Facility('bd.dghs.3', 'HospitalMSP').admission() as Record<string, unknown>;
  const { iss, key } = hospital;
  const endKey = { do: 'endKey', iss, kid: key.kid, until: NOON, why: 'rotated', nonce: '1' };
  const withoutNonce = { do: 'suspend', iss };
  const offCurve = { ...key.jwk, x: key.jwk.y };
  const wrong = [
    {},
    [],
    'suspend',
    null,
    { do: 'remove', iss, nonce: '1' },
    withoutNonce,
    { ...withoutNonce, nonce: '' },
    { ...withoutNonce, nonce: '1', why: 'x' },
    { ...withoutNonce, nonce: '1', iss: 'BD.DGHS.1' },
    { ...withoutNonce, nonce: '1', iss: '../clock' },
    { ...admit, name: '' },
    { ...admit, name: ' Hospital' },
    { ...admit, name: 'Hos\u0000pital' },
    { ...admit, name: 'Cafe\u0301' },
    { ...admit, name: 'x'.repeat(121) },
    { ...admit, name: 5 },
    { ...admit, kind: 'pharmacy' },
    { ...admit, mspId: 'A/B' },
    { ...admit, mspId: '' },
    { ...admit, state: 'admitted' },
    { ...admit, jwk: { ...key.jwk, d: key.jwk.x } },
    { ...admit, jwk: offCurve },
    { ...admit, jwk: { ...key.jwk, crv: 'P-384' } },
    { ...admit, jwk: { x: key.jwk.x, y: key.jwk.y } },
    { ...endKey, until: -1 },
    { ...endKey, until: 1.5 },
    { ...endKey, until: '1' },
    { ...endKey, why: 'lost' },
    { ...endKey, kid: 'a b' },
    { do: 'annul', iss, jti: '7K3M-Q2XD-9FHT-W4ZB-8', nonce: '1' },
  ];
  for (const action of wrong) await refuse(ledger, 'ARGUMENT', action as object);
});
