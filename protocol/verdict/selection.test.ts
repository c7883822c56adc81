import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANCHORED,
  FILE,
  HOUR,
  NOW,
  OTHER_ID,
  answered,
  claims,
  code,
  elsewhere,
  file,
  issuerWith,
  key,
  otherFile,
  record,
} from '../testing/finding.js';
import { judge, type Judgement } from '../verdict.js';

const time = { now: NOW };

function issuers({ record: answer, others }: Judgement): (string | undefined)[] {
  return [answer?.statement.iss, ...others.map((other) => other.record.statement.iss)];
}

function marks({ others }: Judgement): string[] {
  return others.map(({ mark }) => mark);
}

test('of several statements about one file the first anchored is the answer, whatever order they come in', () => {
  const later = elsewhere({ says: { sha256: FILE, jti: OTHER_ID } });
  // What waits comes last, however long it has waited.
  const waiting = record({
    anchoring: { state: 'pending', acceptedAt: ANCHORED - HOUR },
    says: { iss: 'bd.dghs.3', jti: OTHER_ID },
  });
  for (const records of [
    [record(), later, waiting],
    [waiting, later, record()],
  ]) {
    const judgement = judge(file(answered(...records)), time);
    assert.equal(judgement.verdict, 'valid');
    assert.deepEqual(issuers(judgement), ['bd.dghs.1', 'bd.dghs.2', 'bd.dghs.3']);
    assert.deepEqual(marks(judgement), ['same-file', 'same-file']);
  }
});

test('of two anchored in the same millisecond, the one further left in the log comes first', () => {
  const at = (index: number) =>
    record({
      anchoring: { state: 'anchored', mspId: 'SampleHospital', index, at: ANCHORED },
      says: { iss: `bd.dghs.${index}` },
    });
  assert.deepEqual(issuers(judge(file(answered(at(9), at(8))), time)), ['bd.dghs.8', 'bd.dghs.9']);
});

test('somebody who anchored the same file earlier does not make its own code a contradiction', () => {
  const frontRunner = elsewhere({
    anchoring: { state: 'anchored', mspId: 'Other', index: 0, at: ANCHORED - HOUR },
    issuer: issuerWith({ keys: [{ ...key, from: 0 }] }),
    says: { sha256: FILE },
  });
  const judgement = judge(file(answered(frontRunner, record()), claims()), time);
  assert.equal(judgement.verdict, 'valid');
  assert.deepEqual(issuers(judgement), ['bd.dghs.1', 'bd.dghs.2']);
});

test('a worthless statement anchored earlier does not hide a signed one', () => {
  const worthless = record({
    anchoring: { state: 'anchored', mspId: 'SampleHospital', index: 0, at: ANCHORED - 1 },
    signatureGood: false,
  });
  const judgement = judge(file(answered(worthless, record())), time);
  assert.equal(judgement.verdict, 'valid');
  assert.deepEqual(marks(judgement), ['not-signed']);
});

test('of several documents under one code the first anchored is the answer and later ones are marked', () => {
  const again = record({ anchoring: { state: 'anchored', mspId: 'SampleHospital', index: 8, at: NOW } });
  const judgement = judge(code(answered(elsewhere(), again, record())), time);
  assert.deepEqual(issuers(judgement), ['bd.dghs.1', 'bd.dghs.2', 'bd.dghs.1']);
  assert.deepEqual(marks(judgement), ['conflict', 'repeated']);
});

test('another document of the same issuer under the same code is a conflict too', () => {
  const reissued = record({
    anchoring: { state: 'anchored', mspId: 'SampleHospital', index: 8, at: NOW },
    says: { sha256: 'another-file' },
  });
  const judgement = judge(code(answered(reissued, record())), time);
  assert.equal(judgement.verdict, 'conflict');
  assert.deepEqual(marks(judgement), ['conflict']);
});

test('claims that contradict are shown against what the issuer signed, not against what it did not', () => {
  const worthless = record({
    anchoring: { state: 'anchored', mspId: 'SampleHospital', index: 0, at: ANCHORED - 1 },
    signatureGood: false,
  });
  const found = claims({ hash: 'other' });
  for (const finding of [
    file(answered(worthless, record()), found),
    otherFile(answered(worthless, record()), found),
  ]) {
    const judgement = judge(finding, time);
    assert.equal(judgement.verdict, 'altered');
    assert.equal(judgement.record?.signatureGood, true);
  }
});

test('of several documents whose codes stand in one file, a withdrawn one is the answer wherever its code stands', () => {
  const revoked = record({
    says: { jti: OTHER_ID, sha256: 'second-file', claims: 'second-claims' },
    status: {
      state: 'known',
      status: { reason: 'error', at: NOW, index: 9, mspId: 'SampleHospital' },
      asOf: NOW,
    },
  });
  const both = [claims(), claims({ jti: OTHER_ID, hash: 'second-claims' })] as const;
  for (const found of [both, [...both].reverse()]) {
    const judgement = judge(otherFile(answered(record(), revoked), ...found), time);
    assert.equal(judgement.verdict, 'revoked');
    assert.deepEqual(marks(judgement), ['other-code']);
  }
});
