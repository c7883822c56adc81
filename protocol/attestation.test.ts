import { ledger } from '@hyperledger/fabric-protos';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeAttestation,
  verifyAttestation,
  type Attestation,
  type AttestationRefusal,
} from './attestation.js';
import type { AttestedState } from './attestation/state.js';
import { utf8 } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { sha256, verify } from './crypto-node.js';
import { DAY, TODAY, endorse, mintCertificate, serializedIdentity } from './testing/mint.js';
import {
  ATTESTED_AT,
  attest,
  attestationJson,
  hash64,
  issuerRecord,
  mintNetwork,
  proposalResponse,
  signPayload,
  trustPayload,
  DOCUMENT,
  type OutcomeWish,
} from './testing/network.js';
import { openTrustBundle, type TrustBundle } from './trust.js';
import type { TrustPayload } from './trust/payload.js';

const network = await mintNetwork();
const { dghs, dgfp, hospital, dghsHospital } = network;
const everybody = [dghs, dgfp, hospital];

async function bundleWith(change: Partial<TrustPayload>): Promise<TrustBundle> {
  const text = await signPayload(network, trustPayload(network, change));
  return openTrustBundle(text, { now: TODAY, hash: sha256, verify });
}
const bundle = await bundleWith({});

const state: AttestedState = {
  channel: 'records',
  time: ATTESTED_AT,
  clock: ATTESTED_AT - 30_000,
  heads: [{ mspId: 'SampleHospital', n: 1, size: 1, root: hash64('root'), at: ATTESTED_AT - DAY }],
  statuses: [{ iss: 'bd.dghs.1', jti: DOCUMENT, status: null }],
  issuers: [{ iss: 'bd.dghs.1', ...issuerRecord(network) }],
};

function payloadOf(wish: Partial<OutcomeWish> = {}): Uint8Array {
  return proposalResponse({ state, ...wish });
}

async function refusal(
  attestation: Attestation,
  under = bundle,
  now = TODAY,
): Promise<AttestationRefusal | null> {
  const answer = await verifyAttestation(attestation, under, now, verify);
  return answer.accepted ? null : answer.code;
}

/** What is said of an outcome that everybody endorsed. */
function outcomeRefusal(wish: Partial<OutcomeWish>): Promise<AttestationRefusal | null> {
  return refusal(attest(payloadOf(wish), everybody));
}

test('accepted: both regulators and a facility of another owner signed a plain answer', async () => {
  const answer = await verifyAttestation(attest(payloadOf(), everybody), bundle, TODAY, verify);
  assert.deepEqual(answer, { accepted: true, state, endorsedBy: ['DGHS', 'DGFP', 'SampleHospital'] });
});

test('whoever ran the function itself can read the answer unverified', () => {
  const { outcome, state: read } = decodeAttestation(payloadOf());
  assert.deepEqual(read, state);
  assert.equal(outcome.chaincode.name, 'records');
  assert.throws(() => decodeAttestation(payloadOf({ result: 'null' })), { code: 'ATTESTATION' });
});

test('another chaincode, or another version of ours, convinces nobody', async () => {
  assert.equal(
    await outcomeRefusal({ chaincode: { name: 'recordz', version: '1.0' } }),
    'attestation-chaincode',
  );
  assert.equal(
    await outcomeRefusal({ chaincode: { name: 'records', version: '1.1' } }),
    'attestation-chaincode',
  );
});

test('any other status than 200 is a refusal', async () => {
  for (const status of [0, 199, 201, 400, 500]) {
    assert.equal(await outcomeRefusal({ status }), 'attestation-status', String(status));
  }
});

test('a run that wrote something was no question', async () => {
  const write = (_: unknown, keys: ledger.rwset.kvrwset.KVRWSet): void => {
    keys.addWrites(new ledger.rwset.kvrwset.KVWrite());
  };
  const metadata = (_: unknown, keys: ledger.rwset.kvrwset.KVRWSet): void => {
    keys.addMetadataWrites(new ledger.rwset.kvrwset.KVMetadataWrite());
  };
  const collection = (namespace: ledger.rwset.NsReadWriteSet): void => {
    namespace.addCollectionHashedRwset(new ledger.rwset.CollectionHashedReadWriteSet());
  };
  for (const change of [write, metadata, collection]) {
    assert.equal(await outcomeRefusal({ change }), 'attestation-writes');
  }
});

test('a run that set an event was no question', async () => {
  assert.equal(await outcomeRefusal({ event: 'anchored' }), 'attestation-event');
});

test('the answer of another function, of another typ, or in another spelling is refused', async () => {
  const json = attestationJson(state);
  const results = [
    '',
    'null',
    canonicalJson(issuerRecord(network)),
    json.replace('spondon-attestation/v1', 'spondon-attestation/v2'),
    json.replace('"clock"', '"clocks"'),
    json.replace('"clock":', '"clock": '),
    json.replace('{', '{"a":1,'),
    canonicalJson({ ...(JSON.parse(json) as object), heads: [...state.heads, ...state.heads] }),
    canonicalJson({ ...(JSON.parse(json) as object), statuses: [...state.statuses, ...state.statuses] }),
    canonicalJson({ ...(JSON.parse(json) as object), issuers: [...state.issuers, ...state.issuers] }),
    canonicalJson({ ...(JSON.parse(json) as object), issuers: [issuerRecord(network)] }),
    canonicalJson({ ...(JSON.parse(json) as object), time: -1 }),
    canonicalJson({ ...(JSON.parse(json) as object), heads: [{ ...state.heads[0], root: 'AA' }] }),
  ];
  for (const result of results)
    assert.equal(await outcomeRefusal({ result }), 'attestation-unreadable', result);
});

test('the state of another channel is refused', async () => {
  assert.equal(await outcomeRefusal({ state: { ...state, channel: 'shares' } }), 'attestation-channel');
});

test("a time after the verifier's, or long before the channel's own clock, is refused", async () => {
  const minute = 60_000;
  const at = (time: number, clock: number) => outcomeRefusal({ state: { ...state, time, clock } });
  assert.equal(await at(TODAY + 5 * minute, TODAY), null);
  assert.equal(await at(TODAY + 5 * minute + 1, TODAY), 'attestation-time');
  assert.equal(await at(TODAY, TODAY + 5 * minute + 1), 'attestation-time');
  // Otherwise a certificate that has expired since would do: the client chooses the time.
  assert.equal(await at(TODAY - DAY, TODAY), 'attestation-time');
  assert.equal(await at(TODAY - 10 * minute, TODAY), null);
  // A clock that nobody advances makes statuses old, not the attestation wrong.
  assert.equal(await at(TODAY, TODAY - 30 * DAY), null);
});

test('a payload that is not the signed one is refused', async () => {
  const { endorsements } = attest(payloadOf(), everybody);
  const other = payloadOf({ state: { ...state, clock: state.clock + 1 } });
  assert.equal(await refusal({ payload: other, endorsements }), 'endorsement-signature');
});

test('a signature is for its own endorser: it cannot be lent to another peer of the organisation', async () => {
  const second = await mintCertificate({ subject: 'CN=p2,OU=peer', issuer: hospital.root });
  const { payload, endorsements } = attest(payloadOf(), everybody);
  const lent = endorsements.map((endorsement, index) =>
    index === 2
      ? { ...endorsement, endorser: serializedIdentity('SampleHospital', second.pem) }
      : endorsement,
  );
  assert.equal(await refusal({ payload, endorsements: lent }), 'endorsement-signature');
});

test('an organisation counts once, however many of its peers sign', async () => {
  assert.equal(await refusal(attest(payloadOf(), [dghs, dghs, dghs])), 'endorsement-policy');
  const second = await mintCertificate({ subject: 'CN=p2,OU=peer', issuer: dghs.root });
  const twoPeers = attest(payloadOf(), [dghs, { ...dghs, peer: second }, hospital]);
  assert.equal(await refusal(twoPeers), 'endorsement-policy');
});

test('the policy has to be met: both regulators and another owner', async () => {
  assert.equal(await refusal(attest(payloadOf(), [])), 'endorsement-policy');
  assert.equal(await refusal(attest(payloadOf(), [dghs, hospital])), 'endorsement-policy');
  assert.equal(await refusal(attest(payloadOf(), [dghs, dgfp])), 'endorsement-policy');
  assert.equal(await refusal(attest(payloadOf(), [dghs, dgfp, dghsHospital])), 'endorsement-policy');
});

test('one bad endorsement spoils the rest, even where the rest would do', async () => {
  const { payload, endorsements } = attest(payloadOf(), everybody);
  const stranger = await mintCertificate({ subject: 'CN=x,OU=peer' });
  const more = { payload, endorsements: [...endorsements, endorse(payload, 'Stranger', stranger)] };
  assert.equal(await refusal(more), 'endorser-msp-unknown');
});

test('more endorsements than any genuine attestation has are not even looked at', async () => {
  const { payload, endorsements } = attest(payloadOf(), everybody);
  const many = Array.from({ length: 12 }, () => endorsements).flat();
  assert.equal(await refusal({ payload, endorsements: many }), 'endorsement-count');
});

test('garbage is unreadable and nothing worse', async () => {
  for (const payload of [new Uint8Array(0), utf8('garbage'), new Uint8Array(1000).fill(0xff)]) {
    const code = await refusal({ payload, endorsements: [] });
    assert.ok(code === 'attestation-unreadable' || code === 'attestation-chaincode', String(code));
  }
});
