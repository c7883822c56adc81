import 'reflect-metadata';
import { KeyUsageFlags } from '@peculiar/x509';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verifyAttestation, type Attestation } from '../attestation.js';
import { concatBytes, utf8 } from '../bytes.js';
import { sha256, verify } from '../crypto-node.js';
import {
  TODAY,
  derSignature,
  malleated,
  mintCertificate,
  mintCrl,
  serializedIdentity,
  signRaw,
  type CertificateWish,
} from '../testing/mint.js';
import {
  ATTESTED_AT,
  attest,
  mintNetwork,
  proposalResponse,
  signPayload,
  trustPayload,
} from '../testing/network.js';
import { openTrustBundle, type TrustBundle } from '../trust.js';
import type { TrustPayload, TrustedMsp } from '../trust/payload.js';

/** Who may sign: each condition on an endorser, attacked while everything else is in order. */

const network = await mintNetwork();
const { dghs, dgfp, hospital } = network;
const everybody = [dghs, dgfp, hospital];

async function bundleWith(change: Partial<TrustPayload>): Promise<TrustBundle> {
  const text = await signPayload(network, trustPayload(network, change));
  return openTrustBundle(text, { now: TODAY, hash: sha256, verify });
}
const bundle = await bundleWith({});

const state = {
  channel: 'records',
  time: ATTESTED_AT,
  clock: ATTESTED_AT,
  heads: [],
  statuses: [],
  issuers: [],
};
const payload = proposalResponse({ state });

async function refusal(attestation: Attestation, under = bundle): Promise<string | null> {
  const answer = await verifyAttestation(attestation, under, TODAY, verify);
  return answer.accepted ? null : answer.code;
}

/** What is said when the hospital endorses with another certificate than its peer's. */
async function certificateRefusal(wish: Partial<CertificateWish>): Promise<string | null> {
  const issuer = wish.issuer ?? hospital.root;
  const peer = await mintCertificate({ subject: 'CN=p,OU=peer,O=Sample Hospital Ltd', issuer, ...wish });
  return refusal(attest(payload, [dghs, dgfp, { ...hospital, peer }]));
}

function bundleWithMsp(mspId: string, change: Partial<TrustedMsp>): Promise<TrustBundle> {
  const msps = trustPayload(network).msps.map((msp) => (msp.mspId === mspId ? { ...msp, ...change } : msp));
  return bundleWith({ msps });
}

test('a certificate of one organisation does not speak for another', async () => {
  const asDgfp = { ...dgfp, peer: dghs.peer };
  assert.equal(await refusal(attest(payload, [dghs, asDgfp, hospital])), 'endorser-issuer-unknown');
});

test("a certificate by somebody who only bears the authority's name is refused", async () => {
  const impostor = await mintCertificate({ subject: hospital.root.certificate.subject, ca: true });
  assert.equal(await certificateRefusal({ issuer: impostor }), 'endorser-signature');
});

test('of the role units, the certificate bears peer and no other', async () => {
  const refused = [
    'CN=p,OU=client',
    'CN=p,OU=admin',
    'CN=p,OU=orderer',
    'CN=p',
    'CN=p,OU=Peer',
    'CN=p,O=peer',
  ];
  for (const subject of refused)
    assert.equal(await certificateRefusal({ subject }), 'endorser-role', subject);
  assert.equal(await certificateRefusal({ subject: 'CN=p,OU=peer,OU=admin' }), 'endorser-role');
  assert.equal(await certificateRefusal({ subject: 'CN=p,OU=client+OU=peer' }), 'endorser-role');
  assert.equal(await certificateRefusal({ subject: 'CN=p,OU=peer,OU=cardiology' }), null);
});

test('an authority, or a key that was not made to sign, does not endorse', async () => {
  assert.equal(await certificateRefusal({ ca: true }), 'endorser-usage');
  assert.equal(await certificateRefusal({ usages: KeyUsageFlags.keyAgreement }), 'endorser-usage');
});

test('the certificate has to be valid at the time of the attestation, whatever the time is now', async () => {
  assert.equal(await certificateRefusal({ until: ATTESTED_AT - 1000 }), 'endorser-outside-validity');
  assert.equal(await certificateRefusal({ from: ATTESTED_AT + 1000 }), 'endorser-outside-validity');
  assert.equal(await certificateRefusal({ until: ATTESTED_AT + 1000 }), null);
});

test('the organisation has to be trusted at the time of the attestation', async () => {
  const attestation = attest(payload, everybody);
  const left = await bundleWithMsp('SampleHospital', { until: ATTESTED_AT });
  const leaving = await bundleWithMsp('SampleHospital', { until: ATTESTED_AT + 1 });
  const notYet = await bundleWithMsp('SampleHospital', { from: ATTESTED_AT + 1 });
  assert.equal(await refusal(attestation, left), 'endorser-msp-outside-validity');
  assert.equal(await refusal(attestation, leaving), null);
  assert.equal(await refusal(attestation, notYet), 'endorser-msp-outside-validity');
});

test("a certificate on the bundle's revocation list is refused", async () => {
  const crl = await mintCrl(dghs.root, [dghs.peer.certificate.serialNumber]);
  const revoking = await bundleWithMsp('DGHS', { crls: [crl] });
  assert.equal(await refusal(attest(payload, everybody), revoking), 'endorser-revoked');
});

test('a malleated endorsement, which verifies just as well, is refused', async () => {
  const [first, ...others] = attest(payload, everybody).endorsements;
  assert.ok(first);
  const signed = concatBytes(payload, first.endorser);
  const signature = derSignature(malleated(signRaw(dghs.peer.privateKey, signed)));
  const attestation = { payload, endorsements: [{ ...first, signature }, ...others] };
  assert.equal(await refusal(attestation), 'endorser-unreadable');
});

test('a signature in sloppy DER, or an endorser that is no identity, is refused', async () => {
  const [first, ...others] = attest(payload, everybody).endorsements;
  assert.ok(first);
  const hostile = [
    { ...first, signature: concatBytes(first.signature, Uint8Array.of(0)) },
    { ...first, signature: new Uint8Array(0) },
    { ...first, endorser: new Uint8Array(0) },
    { ...first, endorser: concatBytes(first.endorser, utf8('\u001a\u0000')) },
    { ...first, endorser: serializedIdentity('DGHS', `${dghs.peer.pem}${dghs.peer.pem}`) },
  ];
  for (const endorsement of hostile) {
    assert.equal(await refusal({ payload, endorsements: [endorsement, ...others] }), 'endorser-unreadable');
  }
});
