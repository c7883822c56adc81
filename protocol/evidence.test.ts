import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeAttestation } from './attestation.js';
import { decodeBase64url, encodeBase64url } from './base64url.js';
import { utf8 } from './bytes.js';
import { sha256, signWith, verify } from './crypto-node.js';
import { encodeEntry } from './entry.js';
import { lookupFromEvidence, verifyEvidence, type EvidenceOptions } from './evidence.js';
import { parseEvidence, type Evidence } from './evidence/file.js';
import { signStatement, type IssueStatement, type RevokeStatement } from './statement.js';
import { DAY, TODAY, malleated } from './testing/mint.js';
import {
  ATTESTED_AT,
  DOCUMENT,
  ISSUED_AT,
  STATEMENT,
  hash64,
  issuerRecord,
  mintEvidence,
  mintNetwork,
  mintSigner,
  signPayload,
  trustPayload,
  type EvidenceWish,
} from './testing/network.js';
import { openTrustBundle, type TrustBundle } from './trust.js';
import type { TrustPayload } from './trust/payload.js';
import { judge } from './verdict.js';
import type { Check } from './verdict/codes.js';
import { SAMPLE_EVIDENCE, SAMPLE_TRUST } from './vectors/evidence-v1.js';

const network = await mintNetwork();

async function bundleWith(change: Partial<TrustPayload>): Promise<TrustBundle> {
  const text = await signPayload(network, trustPayload(network, change));
  return openTrustBundle(text, { now: TODAY, hash: sha256, verify });
}
const bundle = await bundleWith({});
const good = await mintEvidence(network);

function verifyGiven(evidence: Evidence, options: Partial<EvidenceOptions> = {}) {
  return verifyEvidence(evidence, { bundle, now: TODAY, hash: sha256, verify, ...options });
}

/** The codes of the checks that did not pass. */
function complaints(checks: readonly Check[]): string[] {
  return checks.filter(({ state }) => state !== 'passed').map(({ code }) => code);
}

const NOT_LOOKED_AT = ['signature-not-checked', 'issuer-not-checked'];

/** Asserts that the evidence proves nothing, and for which reason. */
async function provesNothing(
  evidence: Evidence,
  code: string,
  options: Partial<EvidenceOptions> = {},
): Promise<void> {
  const { record, checks, endorsedBy } = await verifyGiven(evidence, options);
  assert.equal(record, null);
  assert.deepEqual(endorsedBy, []);
  assert.ok(complaints(checks).includes(code), `${code} not in ${complaints(checks).join()}`);
  assert.ok(NOT_LOOKED_AT.every((other) => complaints(checks).includes(other)));
}

async function complaintsAbout(
  wish: EvidenceWish,
  options: Partial<EvidenceOptions> = {},
): Promise<string[]> {
  return complaints((await verifyGiven(await mintEvidence(network, wish), options)).checks);
}

test('accepted: record, anchoring time, issuer, status as of the clock, and who signed', async () => {
  const { record, checks, endorsedBy } = await verifyGiven(good);
  assert.deepEqual(complaints(checks), []);
  assert.deepEqual(
    checks.map(({ id }) => id),
    ['record', 'signature', 'issuer', 'anchor', 'status'],
  );
  assert.deepEqual(endorsedBy, ['DGHS', 'DGFP', 'SampleHospital']);
  assert.deepEqual(record?.statement, STATEMENT);
  assert.deepEqual(record.issuer, { iss: STATEMENT.iss, ...issuerRecord(network) });
  assert.deepEqual(record.status, { state: 'known', status: null, asOf: ATTESTED_AT - 30_000 });
  assert.equal(record.singleOwner, false);
  assert.deepEqual(record.anchoring, {
    state: 'anchored',
    mspId: 'SampleHospital',
    index: 2,
    at: ISSUED_AT,
    attested: {
      at: ATTESTED_AT,
      by: [network.dghs.owner, network.dgfp.owner, network.hospital.owner],
    },
  });
});

test('evidence of version 1, stored once and for all, stays acceptable', async () => {
  const now = TODAY + DAY;
  const stored = await openTrustBundle(SAMPLE_TRUST, { now, hash: sha256, verify });
  const { checks } = await verifyGiven(parseEvidence(SAMPLE_EVIDENCE), { bundle: stored, now });
  assert.deepEqual(complaints(checks), []);
});

test('an entry that is no statement, or a revocation, is no record of a document', async () => {
  const { signer, privateKey } = network.issuerKey;
  const revoke: RevokeStatement = {
    op: 'revoke',
    iss: STATEMENT.iss,
    iat: 1,
    jti: DOCUMENT,
    reason: 'error',
  };
  const revocation = encodeEntry(ISSUED_AT, await signStatement(revoke, signer.kid, signWith(privateKey)));
  for (const entry of [revocation, utf8('garbage'), new Uint8Array(0), encodeEntry(ISSUED_AT, 'a.b.c')]) {
    await provesNothing(await mintEvidence(network, { entry }), 'evidence-entry');
  }
});

test('a statement with high S, which verifies just as well, is no statement', async () => {
  const { signer, privateKey } = network.issuerKey;
  const text = await signStatement(STATEMENT, signer.kid, signWith(privateKey));
  const [header = '', payload = '', signature = ''] = text.split('.');
  const other = [header, payload, encodeBase64url(malleated(decodeBase64url(signature)))].join('.');
  await provesNothing(
    await mintEvidence(network, { entry: encodeEntry(ISSUED_AT, other) }),
    'evidence-entry',
  );
});

test('a path that leads nowhere is refused', async () => {
  await provesNothing({ ...good, path: good.path.slice(1) }, 'evidence-path');
  await provesNothing({ ...good, path: [...good.path, ...good.path] }, 'evidence-path');
  await provesNothing({ ...good, index: 4 }, 'evidence-path');
  await provesNothing({ ...good, size: 0 }, 'evidence-path');
  await provesNothing({ ...good, path: [new Uint8Array(31), new Uint8Array(32)] }, 'evidence-path');
});

test('the root from the path has to be the one of a head that was attested', async () => {
  await provesNothing({ ...good, index: 3 }, 'head-differs');
  await provesNothing({ ...good, path: good.path.toReversed() }, 'head-differs');
  await provesNothing({ ...good, size: 3, index: 1 }, 'head-differs');
  // In a tree of six, the same path leads from another index to the same root.
  await provesNothing({ ...good, size: 6, index: 4 }, 'head-differs');
  const head = { mspId: 'SampleHospital', n: 1, size: 4, root: hash64('another'), at: ISSUED_AT };
  await provesNothing(await mintEvidence(network, { state: { heads: [head] } }), 'head-differs');
});

test('the entry cannot be exchanged, nor its time moved by a millisecond', async () => {
  const moved = good.entry.slice();
  moved[7] = (moved[7] ?? 0) ^ 1;
  await provesNothing({ ...good, entry: moved }, 'head-differs');
});

test("the head of another organisation's log does not prove a record in this one", async () => {
  await provesNothing({ ...good, mspId: 'StateHospital' }, 'head-not-attested');
  await provesNothing(await mintEvidence(network, { state: { heads: [] } }), 'head-not-attested');
});

test('one of several attested heads is enough', async () => {
  const [right] = decodeAttestation(good.attestation.payload).state.heads;
  assert.ok(right);
  const older = { ...right, n: 1, size: 3, root: hash64('older') };
  const other = { ...right, mspId: 'StateHospital', root: hash64('other') };
  assert.deepEqual(await complaintsAbout({ entry: good.entry, state: { heads: [other, older, right] } }), []);
});

test("evidence of another channel than the bundle's is refused", async () => {
  await provesNothing({ ...good, channel: 'shares' }, 'attestation-channel');
});

test('what is wrong with the attestation is said by its own code', async () => {
  const { dghs, dgfp } = network;
  await provesNothing(await mintEvidence(network, { endorsers: [dghs, dgfp] }), 'endorsement-policy');
  await provesNothing(await mintEvidence(network, { outcome: { status: 500 } }), 'attestation-status');
});

test('an expired bundle says so and accuses nobody', async () => {
  const { record, checks } = await verifyGiven(good, { now: bundle.payload.expires + 1 });
  assert.equal(record, null);
  assert.ok(checks.every(({ state }) => state === 'unavailable'));
  assert.ok(complaints(checks).includes('trust-expired'));
});

test("the statement has to be signed by the issuer's own key, the one it names", async () => {
  const { signer } = network.issuerKey;
  const text = await signStatement(STATEMENT, signer.kid, signWith(mintSigner().privateKey));
  assert.deepEqual(await complaintsAbout({ entry: encodeEntry(ISSUED_AT, text) }), ['signature-invalid']);
  const other = mintSigner();
  const named = await signStatement(STATEMENT, other.signer.kid, signWith(other.privateKey));
  assert.deepEqual(await complaintsAbout({ entry: encodeEntry(ISSUED_AT, named) }), ['key-unknown']);
});

test("the key has to be valid at the entry's time: from is in, until is out", async () => {
  const { signer } = network.issuerKey;
  const withKey = (key: { from: number; until?: number; why?: 'rotated' | 'compromised' }) =>
    complaintsAbout({ issuer: { keys: [{ ...signer, ...key }] } });
  assert.deepEqual(await withKey({ from: ISSUED_AT }), []);
  assert.deepEqual(await withKey({ from: ISSUED_AT + 1 }), ['key-not-yet-valid']);
  assert.deepEqual(await withKey({ from: 0, until: ISSUED_AT + 1, why: 'compromised' }), []);
  assert.deepEqual(await withKey({ from: 0, until: ISSUED_AT, why: 'compromised' }), ['key-compromised']);
  assert.deepEqual(await withKey({ from: 0, until: ISSUED_AT, why: 'rotated' }), ['key-ended']);
});

test('an attestation that leaves the issuer or the status out leaves these checks open', async () => {
  assert.deepEqual(await complaintsAbout({ state: { issuers: [] } }), [
    'signature-not-checked',
    'issuer-not-listed',
  ]);
  assert.deepEqual(await complaintsAbout({ state: { statuses: [] } }), ['status-not-attested']);
  for (const other of [{ iss: 'bd.dghs.2' }, { jti: '00000000000000011' }]) {
    const statuses = [{ iss: STATEMENT.iss, jti: DOCUMENT, status: null, ...other }];
    assert.deepEqual(await complaintsAbout({ state: { statuses } }), ['status-not-attested']);
  }
});

test('a revocation shows, and an annulled one does not count', async () => {
  const status = { reason: 'fraud', at: ISSUED_AT + DAY, index: 3, mspId: 'SampleHospital' } as const;
  const statuses = [{ iss: STATEMENT.iss, jti: STATEMENT.jti, status }];
  assert.deepEqual(await complaintsAbout({ state: { statuses } }), ['revoked-fraud']);
  const annulled = [{ iss: STATEMENT.iss, jti: STATEMENT.jti, status: { ...status, annulled: TODAY - DAY } }];
  assert.deepEqual(await complaintsAbout({ state: { statuses: annulled } }), []);
});

test("a status is as of the channel's clock, and unavailable when that is older than the asker allows", async () => {
  const age = TODAY - (ATTESTED_AT - 30_000);
  assert.deepEqual(await complaintsAbout({}, { maxStatusAge: age }), []);
  assert.deepEqual(await complaintsAbout({}, { maxStatusAge: age - 1 }), ['status-stale']);
  const { checks } = await verifyGiven(good, { maxStatusAge: age - 1 });
  assert.equal(checks.find(({ id }) => id === 'status')?.state, 'unavailable');
  // The clock counts, not the time of the question.
  const state = { clock: ATTESTED_AT - 3 * DAY };
  assert.deepEqual(await complaintsAbout({ state }, { maxStatusAge: DAY }), ['status-stale']);
});

test("an expired document is expired by the verifier's clock", async () => {
  const statement: IssueStatement = { ...STATEMENT, exp: TODAY / 1000 };
  assert.deepEqual(await complaintsAbout({ statement }), ['expired']);
  assert.deepEqual(await complaintsAbout({ statement }, { now: TODAY - 1 }), []);
});

test("a suspended issuer's earlier record stands and says so", async () => {
  const { checks } = await verifyGiven(await mintEvidence(network, { issuer: { state: 'suspended' } }));
  assert.deepEqual(complaints(checks), []);
  assert.ok(checks.some(({ code }) => code === 'issuer-suspended'));
});

test('under a bundle of the embedded engine every verdict says single owner', async () => {
  const policy = { all: ['SampleHospital'], otherOwners: 0 };
  const embedded = await bundleWith({ engine: 'embedded', policy });
  const evidence = await mintEvidence(network, { endorsers: [network.hospital] });
  const result = await verifyGiven(evidence, { bundle: embedded });
  assert.equal(result.record?.singleOwner, true);
  const { verdict, notes } = judge(
    { asked: 'file', sha256: STATEMENT.sha256, claims: [], lookup: lookupFromEvidence(result) },
    { now: TODAY },
  );
  assert.equal(verdict, 'valid');
  assert.deepEqual(
    notes.map(({ code }) => code),
    ['single-owner'],
  );
});

test('evidence that does not hold leads to no verdict about the document', async () => {
  const result = await verifyGiven({ ...good, index: 3 });
  const { verdict, checks } = judge(
    { asked: 'file', sha256: STATEMENT.sha256, claims: [], lookup: lookupFromEvidence(result) },
    { now: TODAY },
  );
  assert.equal(verdict, 'unavailable');
  assert.ok(checks.some(({ code }) => code === 'head-differs'));
});
