import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { encodeEntry } from '@spondon/protocol/entry';
import type { SignedStatement } from '@spondon/protocol/statement';
import {
  Facility,
  MINUTE,
  NOON,
  appendArguments,
  decide,
  documentId,
  newKey,
  openSample,
  refused,
} from '../sample.test-support.js';

/** A hospital with five documents anchored in two batches; `documents[i]` is entry i. */
async function openAnchored() {
  const sample = await openSample();
  const documents: SignedStatement[] = [];
  for (let i = 0; i < 5; i++) documents.push(await sample.hospital.issue());
  await sample.append(documents.slice(0, 3));
  await sample.append(documents.slice(3));
  const jti = (index: number) => documents[index]?.statement.jti ?? '';
  const refuse = (
    code: string,
    position: number | undefined,
    statements: SignedStatement[],
    proofs: unknown[],
  ) => {
    const call = appendArguments(sample.log.entries.length, statements, proofs);
    const endorsed = sample.ledger.endorse('HospitalMSP', 'Append', call);
    return assert.rejects(endorsed, { message: refused(code, position) });
  };
  const statusOf = (id: string) => sample.ledger.evaluate('ClinicMSP', 'Status', [sample.hospital.iss, id]);
  return { ...sample, documents, jti, refuse, statusOf };
}

test('a proven revocation is anchored like any entry and sets the document’s status', async () => {
  const { ledger, hospital, log, append, jti, statusOf } = await openAnchored();
  assert.equal(await statusOf(jti(1)), null);
  const by = documentId();
  const batch = [
    await hospital.issue(),
    await hospital.revoke(jti(1)),
    await hospital.revoke(jti(4), { reason: 'superseded', by }),
  ];
  ledger.now += MINUTE;
  const at = ledger.now;
  await append(batch, [log.proof(1, 1), log.proof(2, 4)]);
  assert.deepEqual(await statusOf(jti(1)), { reason: 'error', at, index: 6, mspId: 'HospitalMSP' });
  assert.deepEqual(await statusOf(jti(4)), { reason: 'superseded', by, at, index: 7, mspId: 'HospitalMSP' });
  assert.equal(await statusOf(jti(0)), null);
});

test('every position of the tree can be proven and revoked', async () => {
  const { hospital, log, append, jti, statusOf } = await openAnchored();
  for (const index of [0, 1, 2, 3, 4]) {
    await append([await hospital.revoke(jti(index))], [log.proof(0, index)]);
    assert.ok((await statusOf(jti(index))) !== null);
  }
});

test('a revocation that its issuer’s key did not sign is refused', async () => {
  const { hospital, log, refuse, jti } = await openAnchored();
  const genuine = await hospital.revoke(jti(0));
  const other = await hospital.revoke(jti(0), { reason: 'fraud' });
  const forged = { ...genuine, signature: other.signature };
  await refuse('REVOKE_SIGNATURE', 0, [forged], [log.proof(0, 0)]);
  const byAnother = await hospital.revoke(jti(0), {}, { ...newKey(), kid: hospital.key.kid });
  await refuse('REVOKE_SIGNATURE', 1, [await hospital.issue(), byAnother], [log.proof(1, 0)]);
});

test('a revocation with a key that has ended is refused, with the issuer’s new key it is taken', async () => {
  const { ledger, hospital, log, append, refuse, jti } = await openAnchored();
  const next = newKey();
  const { iss, key } = hospital;
  await decide(ledger, { do: 'addKey', iss, jwk: next.jwk, nonce: '1' });
  await decide(ledger, { do: 'endKey', iss, kid: key.kid, until: NOON, why: 'rotated', nonce: '1' });
  await refuse('KEY_NOT_VALID', 0, [await hospital.revoke(jti(0))], [log.proof(0, 0)]);
  await append([await hospital.revoke(jti(0), {}, next)], [log.proof(0, 0)]);
});

test('a suspended issuer, and another organisation, cannot revoke', async () => {
  const { ledger, hospital, log, refuse, jti } = await openAnchored();
  const batch = [await hospital.revoke(jti(0))];
  const call = ledger.endorse('ClinicMSP', 'Append', appendArguments(0, batch, [log.proof(0, 0)]));
  await assert.rejects(call, { message: refused('WRONG_MSP', 0) });
  await decide(ledger, { do: 'suspend', iss: hospital.iss, nonce: '1' });
  await refuse('ISSUER_SUSPENDED', 0, batch, [log.proof(0, 0)]);
});

test('the proof must be of this very document, not of another or of a revocation', async () => {
  const { hospital, log, append, refuse, jti } = await openAnchored();
  await refuse('REVOKE_PROOF', 0, [await hospital.revoke(jti(0))], [log.proof(0, 1)]);
  await append([await hospital.revoke(jti(0))], [log.proof(0, 0)]);
  const revoked = await hospital.issue();
  await append([revoked]);
  await refuse('REVOKE_PROOF', 0, [await hospital.revoke(revoked.statement.jti)], [log.proof(0, 5)]);
});

test('an issuer cannot revoke another issuer’s document of the same id in the same log', async () => {
  const { ledger, hospital, log, refuse, jti } = await openAnchored();
  const branch = new Facility('bd.dghs.9', 'HospitalMSP');
  await decide(ledger, branch.admission());
  await refuse('REVOKE_PROOF', 0, [await branch.revoke(jti(0))], [log.proof(0, 0)]);
  await refuse(
    'REVOKE_SIGNATURE',
    0,
    [await hospital.revoke(jti(0), {}, { ...branch.key, kid: hospital.key.kid })],
    [log.proof(0, 0)],
  );
});

test('a proof against an earlier root than the present one is refused', async () => {
  const { hospital, log, append, refuse, jti } = await openAnchored();
  const old = log.proof(0, 0);
  await append([await hospital.issue()]);
  await refuse('REVOKE_PROOF', 0, [await hospital.revoke(jti(0))], [old]);
});

test('a document issued in the same batch, or nowhere, cannot be revoked yet', async () => {
  const { ledger, hospital, log, refuse } = await openAnchored();
  const fresh = await hospital.issue();
  const revocation = await hospital.revoke(fresh.statement.jti);
  const entry = encodeBase64url(encodeEntry(ledger.now, fresh.text));
  await refuse('REVOKE_PROOF', 1, [fresh, revocation], [{ ...log.proof(1, 4), entry }]);
  await refuse('REVOKE_PROOF', 0, [revocation], [{ position: 0, index: 5, entry, path: [] }]);
});

test('nothing can be revoked in a log that is empty', async () => {
  const { ledger, hospital } = await openSample();
  const document = await hospital.issue();
  const entry = encodeBase64url(encodeEntry(NOON, document.text));
  const batch = [await hospital.revoke(document.statement.jti)];
  const call = appendArguments(0, batch, [{ position: 0, index: 0, entry, path: [] }]);
  const endorsed = ledger.endorse('HospitalMSP', 'Append', call);
  await assert.rejects(endorsed, { message: refused('REVOKE_PROOF', 0) });
});

test('every part of a proof counts', async () => {
  const { hospital, log, refuse, jti } = await openAnchored();
  const batch = [await hospital.revoke(jti(2))];
  const proof = log.proof(0, 2) as { entry: string; path: string[]; index: number };
  const flip = (text: string, at: number) =>
    text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  const wrong = [
    { ...proof, index: 3 },
    { ...proof, index: 5 },
    { ...proof, entry: flip(proof.entry, 0) },
    { ...proof, entry: flip(proof.entry, 40) },
    { ...proof, path: proof.path.slice(1) },
    { ...proof, path: [...proof.path, ...proof.path.slice(0, 1)] },
    { ...proof, path: proof.path.map((node, at) => (at === 1 ? flip(node, 3) : node)) },
    { ...proof, path: [...proof.path].reverse() },
  ];
  for (const changed of wrong) await refuse('REVOKE_PROOF', 0, batch, [changed]);
});

test('each revoke has exactly one proof, in the order of the batch', async () => {
  const { hospital, log, refuse, jti } = await openAnchored();
  const batch = [await hospital.revoke(jti(0)), await hospital.issue(), await hospital.revoke(jti(1))];
  const [first, second] = [log.proof(0, 0), log.proof(2, 1)];
  await refuse('REVOKE_PROOF', 0, batch, []);
  await refuse('REVOKE_PROOF', 2, batch, [first]);
  await refuse('REVOKE_PROOF', 0, batch, [second, first]);
  await refuse('REVOKE_PROOF', 2, batch, [first, first]);
  await refuse('ARGUMENT', undefined, batch, [first, second, second]);
  await refuse('ARGUMENT', undefined, [await hospital.issue()], [first]);
});

test('proofs are JSON of their one shape', async () => {
  const { ledger, hospital, log, jti, refuse } = await openAnchored();
  const batch = [await hospital.revoke(jti(0))];
  const proof = log.proof(0, 0);
  const wrong = [
    { ...proof, entry: undefined },
    { position: 0, index: 0, path: [] },
    { ...proof, more: 1 },
    { ...proof, index: -1 },
    { ...proof, index: 0.5 },
    { ...proof, index: '0' },
    { ...proof, entry: 'A=' },
    { ...proof, entry: 5 },
    { ...proof, path: {} },
    { ...proof, path: new Array<string>(54).fill('A'.repeat(43)) },
    { ...proof, path: [1] },
    null,
    [],
  ];
  for (const changed of wrong) await refuse('ARGUMENT', undefined, batch, [changed]);
  const [size, packed] = appendArguments(5, batch);
  for (const proofs of ['', '{}', 'null', '[', new Uint8Array([0x22, 0xff, 0x22])]) {
    const call = ledger.endorse('HospitalMSP', 'Append', [size, packed, proofs]);
    await assert.rejects(call, { message: refused('ARGUMENT') });
  }
  const padded = (length: number) => JSON.stringify([proof]).padEnd(length);
  const huge = ledger.endorse('HospitalMSP', 'Append', [size, packed, padded(24 * 1024 * 1024 + 1)]);
  await assert.rejects(huge, { message: refused('TOO_LARGE') });
  await ledger.endorse('HospitalMSP', 'Append', [size, packed, padded(24 * 1024 * 1024)]);
});

test('a document is revoked once', async () => {
  const { hospital, log, append, refuse, jti } = await openAnchored();
  const [one, two] = [await hospital.revoke(jti(0)), await hospital.revoke(jti(0), { reason: 'fraud' })];
  await refuse('ALREADY_REVOKED', 1, [one, two], [log.proof(0, 0), log.proof(1, 0)]);
  await refuse('ALREADY_REVOKED', 1, [one, one], [log.proof(0, 0), log.proof(1, 0)]);
  await append([one], [log.proof(0, 0)]);
  await refuse('ALREADY_REVOKED', 0, [one], [log.proof(0, 0)]);
  await refuse('ALREADY_REVOKED', 0, [two], [log.proof(0, 0)]);
});

test('two revocations of one document endorsed at the same time: the second fails validation', async () => {
  const { ledger, hospital, log, jti } = await openAnchored();
  const call = async () => appendArguments(5, [await hospital.revoke(jti(0))], [log.proof(0, 0)]);
  const first = await ledger.endorse('HospitalMSP', 'Append', await call());
  const second = await ledger.endorse('HospitalMSP', 'Append', await call());
  assert.ok(ledger.commit(first));
  assert.equal(ledger.commit(second), false);
});

test('a document cannot be superseded by itself', async () => {
  const { hospital, log, refuse, jti } = await openAnchored();
  const revocation = await hospital.revoke(jti(0), { reason: 'superseded', by: jti(1) });
  const itself = { ...revocation, statement: { ...revocation.statement, by: jti(0) } };
  await refuse('PACKED', undefined, [itself], [log.proof(0, 0)]);
});

test('after an annulment the issuer may revoke again, but nobody can send the old revocation once more', async () => {
  const { ledger, hospital, log, append, refuse, jti, statusOf } = await openAnchored();
  const old = await hospital.revoke(jti(0));
  await append([old], [log.proof(0, 0)]);
  ledger.now += MINUTE;
  const annulled = ledger.now;
  await decide(ledger, { do: 'annul', iss: hospital.iss, jti: jti(0), nonce: '1' });
  const stands = { reason: 'error', at: NOON, index: 5, mspId: 'HospitalMSP', annulled };
  assert.deepEqual(await statusOf(jti(0)), stands);
  await refuse('ANNULLED', 0, [old], [log.proof(0, 0)]);
  const again = await hospital.revoke(jti(0), { reason: 'fraud', iat: annulled / 1000 });
  await append([again], [log.proof(0, 0)]);
  assert.deepEqual(await statusOf(jti(0)), { reason: 'fraud', at: annulled, index: 6, mspId: 'HospitalMSP' });
});
