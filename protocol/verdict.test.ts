import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as sample from './testing/finding.js';
import {
  HOUR,
  NOW,
  OTHER_ID,
  answered,
  claims,
  code,
  elsewhere,
  evidenceOf,
  file,
  issuerWith,
  key,
  otherFile,
  outage,
  pending,
  qr,
  record,
  revokedFor,
} from './testing/finding.js';
import { judge, type Judgement } from './verdict.js';
import { checkOf, type CheckCode } from './verdict/codes.js';
import type { ClaimsSigner, Finding, FoundRecord } from './verdict/finding.js';
import { VERDICTS, type NoteCode, type Verdict } from './verdict/summaries.js';

const expires = { exp: NOW / 1000 };
const expired = record({ says: expires });
const unsigned = record({ signatureGood: false });
const unlisted = record({ issuer: null, signatureGood: false });
const suspended = record({ issuer: issuerWith({ state: 'suspended' }) });
const unattested = record({ status: { state: 'not-attested' } });
const compromisedSince = issuerWith({ keys: [{ ...key, until: NOW, why: 'compromised' }] });
const notYet = issuerWith({ keys: [{ ...key, from: NOW }] });
const revokedSoon = { pendingRevocation: { reason: 'error', acceptedAt: NOW - 1000 } } as const;
const replacedSoon = {
  pendingRevocation: { reason: 'superseded', by: OTHER_ID, acceptedAt: NOW - 1000 },
} as const;
const replacedKey: ClaimsSigner = { ...sample.goodSigner, key: { ...key, until: NOW, why: 'rotated' } };
const notAtHand = claims({ signer: { state: 'not-checked' } });
const ofUnknownKey = claims({ signer: { state: 'unknown' } });
const nobodySigned = claims({ signer: sample.badSigner });
const byThief = claims({ signer: sample.compromisedSigner });
const otherFacts = claims({ hash: 'other' });
const otherDocument = claims({ jti: OTHER_ID });
const second = elsewhere({ says: { jti: OTHER_ID } });
const ofSecond = claims({ iss: 'bd.dghs.2', jti: OTHER_ID, hash: 'other-claims' });
const anchoredTwice = [record(), record({ anchoring: { state: 'anchored', mspId: 'M', index: 8, at: NOW } })];
const unproven = { state: 'unproven', checks: [checkOf('head-differs', {})] } as const;

/** Facts, the verdict they get, and codes of checks that say why. */
// prettier-ignore
const table: readonly (readonly [string, Finding, Verdict, ...CheckCode[]])[] = [
  // A file whose hash is known
  ['the issued file', file(answered(record())), 'valid', 'file-matches', 'record-found', 'signature-good', 'issuer-admitted', 'anchored', 'in-force'],
  ['the issued file with its code in it', file(answered(record()), claims()), 'valid', 'claims-match'],
  ['a file with the code of another document', file(answered(record()), otherDocument), 'altered', 'file-matches', 'claims-contradict'],
  ['a file with the code of another issuer', file(answered(record()), claims({ iss: 'bd.dghs.2' })), 'altered', 'claims-contradict'],
  ['a file with other facts', file(answered(record()), otherFacts), 'altered', 'claims-contradict'],
  ['a file with its own and a foreign code', file(answered(record()), claims(), otherDocument), 'altered', 'claims-contradict'],
  ['a file with facts that nobody signed', file(answered(record()), nobodySigned), 'altered', 'claims-signature-invalid'],
  ['a file whose key was compromised later', file(answered(record({ issuer: compromisedSince })), byThief), 'valid', 'claims-match'],
  ['a file with facts whose signer is not at hand', file(answered(record()), notAtHand), 'valid', 'claims-match'],
  ['a file with an error', file(answered(revokedFor('error'))), 'revoked', 'revoked-error', 'file-matches'],
  ['a fraudulent file', file(answered(revokedFor('fraud'))), 'revoked', 'revoked-fraud'],
  ['a withdrawn file', file(answered(revokedFor('withdrawn'))), 'revoked', 'revoked-withdrawn'],
  ['a replaced file', file(answered(sample.superseded)), 'superseded', 'superseded'],
  ['a file whose revocation was annulled', file(answered(sample.annulled)), 'valid', 'revocation-annulled'],
  ['a file whose revocation waits', file(answered(record(revokedSoon))), 'revoked', 'revocation-pending'],
  ['a file whose replacement waits', file(answered(record(replacedSoon))), 'superseded', 'supersession-pending'],
  ['an annulled revocation and a new one that waits', file(answered({ ...sample.annulled, ...revokedSoon })), 'revoked', 'revocation-pending'],
  ['an expired file', file(answered(expired)), 'expired', 'expired'],
  ['a revoked and expired file', file(answered({ ...expired, status: revokedFor('fraud').status })), 'revoked', 'revoked-fraud'],
  ['a file that is not anchored yet', file(answered(pending)), 'pending', 'anchor-pending', 'file-matches'],
  ['a file that is not anchored after an hour', file(answered(sample.overdue)), 'pending', 'anchor-overdue'],
  ['a file that waits, and so does its revocation', file(answered({ ...pending, ...revokedSoon })), 'revoked', 'revocation-pending'],
  ['a file that waits and has expired', file(answered({ ...pending, statement: expired.statement })), 'pending', 'anchor-pending'],
  ['a record that its issuer did not sign', file(answered(unsigned)), 'altered', 'signature-invalid'],
  ['a record by a key that never was', file(answered(record({ kid: 'k2' }))), 'altered', 'key-unknown'],
  ['a record after its key was compromised', file(answered(record({ issuer: sample.endedKey('compromised') }))), 'altered', 'key-compromised'],
  ['a record after its key was replaced', file(answered(record({ issuer: sample.endedKey('rotated') }))), 'altered', 'key-ended'],
  ['a record before its key was in force', file(answered(record({ issuer: notYet }))), 'altered', 'key-not-yet-valid'],
  ['a waiting record whose key has ended', file(answered({ ...pending, issuer: sample.endedKey('rotated') })), 'altered', 'key-ended'],
  ['a revoked record that its issuer did not sign', file(answered({ ...revokedFor('error'), signatureGood: false })), 'altered', 'signature-invalid'],
  ['a record of an unlisted issuer', file(answered(unlisted)), 'unavailable', 'issuer-not-listed', 'signature-not-checked'],
  ['a revoked record of an unlisted issuer', file(answered({ ...unlisted, status: revokedFor('error').status })), 'revoked', 'revoked-error', 'issuer-not-listed'],
  ['a record whose status nobody attested', file(answered(unattested)), 'unavailable', 'status-not-attested'],
  ['an expired record whose status nobody attested', file(answered({ ...unattested, statement: expired.statement })), 'expired', 'expired'],
  ['an earlier file of a suspended issuer', file(answered(suspended)), 'valid', 'issuer-suspended'],
  // A file whose hash is unknown
  ['an unknown file', otherFile(answered()), 'not-found', 'record-not-found', 'file-not-compared', 'anchor-missing'],
  ['an unknown file, though records of others are at hand', otherFile(answered(record())), 'not-found', 'record-not-found'],
  ['a scan of the issued document', otherFile(answered(record()), claims()), 'not-original', 'file-differs', 'claims-match'],
  ['a scan whose signer is not at hand', otherFile(answered(record()), notAtHand), 'not-original', 'claims-match'],
  ['a scan of a revoked document', otherFile(answered(revokedFor('error')), claims()), 'revoked', 'file-differs', 'revoked-error'],
  ['a scan of an expired document', otherFile(answered(expired), claims()), 'expired', 'file-differs'],
  ['a scan of a document that waits', otherFile(answered(pending), claims()), 'pending', 'file-differs'],
  ['a scan that shows two genuine documents', otherFile(answered(record(), second), claims(), ofSecond), 'not-original', 'claims-match'],
  ['a scan of two documents, one never registered', otherFile(answered(record()), claims(), otherDocument), 'not-found', 'claims-unregistered'],
  ['a scan of two documents, one of an unknown key', otherFile(answered(record()), claims(), { ...ofUnknownKey, jti: OTHER_ID }), 'not-found', 'claims-key-unknown'],
  ['a scan of two documents, one not registered yet', otherFile(answered(record()), claims(), { ...otherDocument, iat: NOW / 1000 }), 'unavailable', 'claims-unregistered-new'],
  ['a known code with other facts', otherFile(answered(record()), otherFacts), 'altered', 'claims-contradict', 'file-differs'],
  ['a genuine code beside one with other facts', otherFile(answered(record(), second), claims(), { ...ofSecond, hash: 'forged' }), 'altered', 'claims-contradict'],
  ['a known code with facts that nobody signed', otherFile(answered(record()), nobodySigned), 'altered', 'claims-signature-invalid'],
  ['an unknown code that nobody signed', otherFile(answered(), nobodySigned), 'altered', 'claims-signature-invalid', 'record-not-found'],
  ['an unknown code of an unknown key', otherFile(answered(), ofUnknownKey), 'not-found', 'claims-key-unknown'],
  ['an unknown code signed long ago', otherFile(answered(), claims()), 'not-found', 'claims-unregistered', 'issuer-admitted'],
  ['an unknown code signed just now', otherFile(answered(), claims({ iat: NOW / 1000 })), 'not-found', 'claims-unregistered-new'],
  ['an unknown code by a compromised key', otherFile(answered(), byThief), 'altered', 'claims-key-compromised'],
  ['facts that only an unsigned record bears out', otherFile(answered({ ...unsigned, statement: { ...unsigned.statement, claims: 'other' } }, record()), otherFacts), 'altered', 'claims-contradict'],
  // A printed code
  ['a code', code(answered(record())), 'valid', 'file-not-seen'],
  ['a code beside a QR code of another document', code(answered(record()), otherDocument), 'altered', 'claims-contradict'],
  ['an unknown code', code(answered()), 'not-found', 'record-not-found', 'file-not-seen'],
  ['a code of two documents', code(answered(elsewhere(), record())), 'conflict', 'record-several'],
  ['a code of two documents and the QR code of one', code(answered(elsewhere(), record()), { ...ofSecond, jti: sample.ID }), 'conflict', 'claims-match'],
  ['a code of two documents, the first revoked', code(answered(elsewhere(), revokedFor('error'))), 'revoked', 'record-several'],
  ['a code of two documents, one of which waits', code(answered(pending, elsewhere())), 'conflict', 'record-several'],
  ['a code of one document anchored twice', code(answered(...anchoredTwice)), 'valid', 'record-found'],
  ['a code that somebody used without signing', code(answered(elsewhere({ signatureGood: false }), record())), 'valid', 'record-found'],
  // A QR code alone
  ['a QR code alone', qr(answered(record())), 'valid', 'claims-match', 'file-not-seen'],
  ['a QR code alone with other facts', qr(answered(record()), otherFacts), 'altered', 'claims-contradict'],
  ['a QR code alone of a revoked document', qr(answered(revokedFor('withdrawn'))), 'revoked', 'revoked-withdrawn'],
  ['a QR code alone that is not registered', qr(answered()), 'not-found', 'claims-unregistered'],
  ['a QR code alone by a key compromised before anchoring', qr(answered(record({ issuer: sample.endedKey('compromised') })), byThief), 'altered', 'key-compromised'],
  // Nobody to ask
  ['a file without network', file(outage), 'unavailable', 'record-not-checked', 'file-not-compared', 'anchor-not-checked', 'status-not-checked'],
  ['a code without network', code(outage), 'unavailable', 'record-not-checked', 'file-not-seen'],
  ['a signed QR code without network', qr(outage), 'unavailable', 'claims-signed', 'issuer-admitted', 'anchor-not-checked', 'status-not-checked'],
  ['a QR code that nobody signed, without network', qr(outage, nobodySigned), 'altered', 'claims-signature-invalid'],
  ['a QR code by a compromised key, without network', qr(outage, byThief), 'altered', 'claims-key-compromised'],
  ['a QR code by an issuer not at hand, without network', qr(outage, notAtHand), 'unavailable', 'claims-not-checked', 'issuer-not-checked'],
  ['a QR code by a replaced key, without network', qr(outage, claims({ signer: replacedKey })), 'unavailable', 'claims-signed'],
  // Evidence
  ['evidence that does not hold', file(unproven), 'unavailable', 'head-differs', 'file-not-compared'],
  ['evidence about another file', otherFile(evidenceOf(record())), 'not-found', 'evidence-other-document'],
  ['evidence about another document than the code', otherFile(evidenceOf(record()), otherDocument), 'not-found', 'evidence-other-document', 'claims-signed'],
  ['evidence and a scan', otherFile(evidenceOf(record()), claims()), 'not-original', 'claims-match'],
];

function codesOf({ checks }: Judgement): CheckCode[] {
  return checks.map((check) => check.code);
}

for (const [facts, finding, verdict, ...codes] of table) {
  test(`${facts}: ${verdict}`, () => {
    const judgement = judge(finding, { now: NOW });
    assert.equal(judgement.verdict, verdict);
    const missing = codes.filter((expected) => !codesOf(judgement).includes(expected));
    assert.deepEqual(missing, [], `among ${codesOf(judgement).join()}`);
  });
}

test('every verdict occurs in the table', () => {
  const seen = new Set(table.map(([, , verdict]) => verdict));
  assert.deepEqual(
    VERDICTS.filter((verdict) => !seen.has(verdict)),
    [],
  );
});

test('a valid file has no check that failed or stayed open', () => {
  const { checks } = judge(file(answered(record()), claims()), { now: NOW });
  assert.ok(checks.every(({ state }) => state === 'passed'));
});

test('the checks come in one order, and each once', () => {
  const always = ['file', 'record', 'signature', 'issuer', 'anchor', 'status'];
  for (const [facts, finding] of table) {
    if (finding.lookup.state === 'unproven') continue;
    const ids = judge(finding, { now: NOW }).checks.map(({ id }) => id);
    assert.deepEqual(ids, finding.claims.length > 0 ? [...always, 'claims'] : always, facts);
  }
});

test('an altered file is answered with the record that it contradicts', () => {
  assert.equal(
    judge(otherFile(answered(record()), otherFacts), { now: NOW }).record?.statement.jti,
    sample.ID,
  );
});

const noteTable: readonly (readonly [string, FoundRecord, number | undefined, readonly NoteCode[]])[] = [
  ['nothing out of the ordinary', record(), undefined, []],
  ['a suspended issuer', suspended, undefined, ['issuer-suspended']],
  ['a single owner', record({ singleOwner: true }), undefined, ['single-owner']],
  ['evidence of two days ago', sample.fromEvidence, undefined, ['attestation-stale']],
  ['evidence of two days ago, and three allowed', sample.fromEvidence, 72 * HOUR, []],
  ['evidence of two days ago, and one allowed', sample.fromEvidence, 24 * HOUR, ['attestation-stale']],
];

for (const [facts, found, maxStatusAge, expected] of noteTable) {
  test(`beside the verdict is told: ${facts}`, () => {
    const time = { now: NOW, ...(maxStatusAge === undefined ? {} : { maxStatusAge }) };
    const codes = judge(file(answered(found)), time).notes.map((note) => note.code);
    assert.deepEqual(codes, expected);
  });
}

test('beside the verdict is told that only the ledger could be asked', () => {
  const lookup = { ...answered(record()), waitingUnknown: true } as const;
  const { verdict, notes } = judge(file(lookup), { now: NOW });
  assert.deepEqual([verdict, notes.map(({ code }) => code)], ['valid', ['waiting-unknown']]);
});

test('a status older than the asker allows is unavailable, unless it is a revocation', () => {
  const time = { now: NOW, maxStatusAge: 24 * HOUR };
  const stale = judge(file(answered(sample.fromEvidence)), time);
  assert.equal(stale.verdict, 'unavailable');
  assert.equal(stale.checks.find(({ code: found }) => found === 'status-stale')?.state, 'unavailable');
  const { status } = sample.superseded;
  assert.ok(status.state === 'known');
  const revokedLongAgo = record({ status: { ...status, asOf: NOW - 48 * HOUR } });
  assert.equal(judge(file(answered(revokedLongAgo)), time).verdict, 'superseded');
});

const anyClaims = fc.record({
  iss: fc.constantFrom('bd.dghs.1', 'bd.dghs.2'),
  jti: fc.constantFrom(sample.ID, OTHER_ID),
  iat: fc.constantFrom(0, NOW / 1000),
  hash: fc.constantFrom('claims-hash', 'other-claims'),
  signer: fc.constantFrom(
    ...[claims(), notAtHand, ofUnknownKey, nobodySigned, byThief].map(({ signer }) => signer),
  ),
});
const everyRecord = table.flatMap(([, { lookup }]) => (lookup.state === 'answered' ? lookup.records : []));
const anyFinding = fc.record({
  asked: fc.constantFrom<Finding['asked'][]>('file', 'code', 'claims'),
  sha256: fc.constantFrom(sample.FILE, sample.OTHER_FILE),
  claims: fc.array(anyClaims, { maxLength: 3 }),
  lookup: fc.oneof(
    fc.constant(outage),
    fc.array(fc.constantFrom(...everyRecord), { maxLength: 4 }).map((records) => answered(...records)),
  ),
});

test('whatever the facts, a verdict is valid only when nothing speaks against it', () => {
  fc.assert(
    fc.property(anyFinding, (finding) => {
      const { verdict, checks, record: answer } = judge(finding, { now: NOW });
      if (verdict !== 'valid') return;
      // Without a file, that one check stays open.
      const open = checks.filter(
        ({ id, state }) => state !== 'passed' && !(id === 'file' && finding.asked !== 'file'),
      );
      assert.deepEqual(open, []);
      if (finding.asked === 'file') assert.equal(answer?.statement.sha256, finding.sha256);
      for (const found of finding.claims) assert.ok(found.signer.state !== 'known' || found.signer.good);
    }),
    { numRuns: 3000 },
  );
});
