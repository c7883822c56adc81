import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FakeLedger } from '../fake-ledger.test-support.js';
import {
  Facility,
  MINUTE,
  NOON,
  appendArguments,
  decide,
  newKey,
  openSample,
  refused,
} from '../sample.test-support.js';
import type { SignedStatement } from '@spondon/protocol/statement';

const tryAppend = (ledger: FakeLedger, statements: readonly SignedStatement[], time = ledger.now) =>
  ledger.endorse('HospitalMSP', 'Append', appendArguments(0, statements), time);

test('a statement of an issuer that was never admitted is refused with its position', async () => {
  const { ledger, hospital } = await openSample();
  const stranger = new Facility('bd.dghs.3', 'HospitalMSP');
  const batch = [await hospital.issue(), await hospital.issue(), await stranger.issue()];
  await assert.rejects(tryAppend(ledger, batch), { message: refused('ISSUER_UNKNOWN', 2) });
});

test('a statement of another organisation’s issuer is refused with its position', async () => {
  const { ledger, hospital, clinic } = await openSample();
  const batch = [await hospital.issue(), await clinic.issue()];
  await assert.rejects(tryAppend(ledger, batch), { message: refused('WRONG_MSP', 1) });
});

test('a suspended issuer cannot anchor until it is reinstated', async () => {
  const { ledger, hospital } = await openSample();
  const batch = [await hospital.issue()];
  await decide(ledger, { do: 'suspend', iss: hospital.iss, nonce: '1' });
  await assert.rejects(tryAppend(ledger, batch), { message: refused('ISSUER_SUSPENDED', 0) });
  await decide(ledger, { do: 'reinstate', iss: hospital.iss, nonce: '1' });
  await tryAppend(ledger, batch);
});

test('a batch endorsed before a suspension and committed after it fails validation', async () => {
  const { ledger, hospital } = await openSample();
  const endorsed = await tryAppend(ledger, [await hospital.issue()]);
  await decide(ledger, { do: 'suspend', iss: hospital.iss, nonce: '1' });
  assert.equal(ledger.commit(endorsed), false);
});

test('iat may be at most five minutes ahead of the entry’s time, and anything behind it', async () => {
  const { ledger, hospital } = await openSample();
  const at = NOON / 1000;
  const batch = [await hospital.issue({ iat: at + 300 }), await hospital.issue({ iat: 0 })];
  await tryAppend(ledger, batch);
  const ahead = [...batch, await hospital.issue({ iat: at + 301 })];
  await assert.rejects(tryAppend(ledger, ahead), { message: refused('IAT_AHEAD', 2) });
  await assert.rejects(tryAppend(ledger, batch, NOON - 1), { message: refused('IAT_AHEAD', 0) });
});

test('a statement that names a key its issuer does not have is refused, another issuer’s key too', async () => {
  const { ledger, hospital, clinic } = await openSample();
  const batch = [await hospital.issue(), await hospital.issue({}, newKey())];
  await assert.rejects(tryAppend(ledger, batch), { message: refused('KEY_UNKNOWN', 1) });
  const borrowed = [await hospital.issue({}, clinic.key)];
  await assert.rejects(tryAppend(ledger, borrowed), { message: refused('KEY_UNKNOWN', 0) });
});

test('a key is good from its own transaction’s time on, and no longer at its end', async () => {
  const { ledger, hospital } = await openSample();
  const key = newKey();
  ledger.now = NOON + MINUTE;
  await decide(ledger, { do: 'addKey', iss: hospital.iss, jwk: key.jwk, nonce: '1' });
  const until = NOON + 3 * MINUTE;
  await decide(ledger, { do: 'endKey', iss: hospital.iss, kid: key.kid, until, why: 'rotated', nonce: '1' });
  const batch = [await hospital.issue({}, key)];
  await assert.rejects(tryAppend(ledger, batch, NOON + MINUTE - 1), { message: refused('KEY_NOT_VALID', 0) });
  await tryAppend(ledger, batch, NOON + MINUTE);
  await tryAppend(ledger, batch, until - 1);
  await assert.rejects(tryAppend(ledger, batch, until), { message: refused('KEY_NOT_VALID', 0) });
});

test('once the ledger’s clock has passed a key’s end, an earlier transaction time does not bring it back', async () => {
  const { ledger, hospital } = await openSample();
  const until = NOON + MINUTE;
  const kid = hospital.key.kid;
  await decide(ledger, { do: 'endKey', iss: hospital.iss, kid, until, why: 'rotated', nonce: '1' });
  const batch = [await hospital.issue()];
  ledger.now = until;
  await tryAppend(ledger, batch, until - 1);
  await ledger.submit('ClinicMSP', 'Tick');
  await assert.rejects(tryAppend(ledger, batch, until - 1), { message: refused('KEY_NOT_VALID', 0) });
});

test('a compromised key cannot anchor any more, even with an end in the past', async () => {
  const { ledger, hospital } = await openSample();
  ledger.now = NOON + MINUTE;
  const kid = hospital.key.kid;
  await decide(ledger, { do: 'endKey', iss: hospital.iss, kid, until: NOON, why: 'compromised', nonce: '1' });
  const call = tryAppend(ledger, [await hospital.issue()]);
  await assert.rejects(call, { message: refused('KEY_NOT_VALID', 0) });
});

test('one organisation may anchor several issuers in one batch', async () => {
  const { ledger, hospital } = await openSample();
  const branch = new Facility('bd.dghs.9', 'HospitalMSP');
  await decide(ledger, branch.admission());
  await tryAppend(ledger, [await hospital.issue(), await branch.issue(), await hospital.issue()]);
});
