import 'reflect-metadata';
import { KeyUsageFlags } from '@peculiar/x509';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verify } from '../crypto-node.js';
import { DAY, TODAY, mintCertificate, mintCrl, type CertificateWish, type Minted } from '../testing/mint.js';
import {
  OPENSSL_INTERMEDIATE,
  OPENSSL_PEER,
  OPENSSL_REVOCATIONS,
  OPENSSL_ROOT,
} from '../vectors/openssl-chain.js';
import { parseCertificatePem } from './certificate.js';
import { openAuthorities, refuseChain, type ChainRefusal } from './chain.js';
import { parseRevocationListPem } from './crl.js';

function open(roots: readonly string[], intermediates: readonly string[] = [], crls: readonly string[] = []) {
  return openAuthorities(
    roots.map(parseCertificatePem),
    intermediates.map(parseCertificatePem),
    crls.map(parseRevocationListPem),
    verify,
  );
}

const root = await mintCertificate({ subject: 'CN=root,O=Sample', ca: true });
const intermediate = await mintCertificate({
  subject: 'CN=ica,O=Sample',
  issuer: root,
  ca: true,
  pathLength: 0,
});
const authorities = await open([root.pem], [intermediate.pem]);

function mintPeer(issuer: Minted, wish: Partial<CertificateWish> = {}): Promise<Minted> {
  return mintCertificate({ subject: 'CN=peer,OU=peer,O=Sample', issuer, ...wish });
}

async function refusal(certificate: Minted, at = TODAY, among = authorities): Promise<ChainRefusal | null> {
  return refuseChain(parseCertificatePem(certificate.pem), among, at, verify);
}

test('a peer under a root, and one under an intermediate, are accepted', async () => {
  assert.equal(await refusal(await mintPeer(root)), null);
  assert.equal(await refusal(await mintPeer(intermediate)), null);
});

test('a chain made by openssl is accepted while it is valid, and refused once its list revokes it', async () => {
  const peer = parseCertificatePem(OPENSSL_PEER);
  const at = peer.notBefore + DAY;
  const chain = [[OPENSSL_ROOT], [OPENSSL_INTERMEDIATE]] as const;
  assert.equal(await refuseChain(peer, await open(...chain), at, verify), null);
  assert.equal(await refuseChain(peer, await open(...chain, [OPENSSL_REVOCATIONS]), at, verify), 'revoked');
});

test('an organisation of the same name with another key is not the issuer', async () => {
  const impostor = await mintCertificate({ subject: 'CN=root,O=Sample', ca: true });
  assert.equal(await refusal(await mintPeer(impostor)), 'signature');
});

test('a certificate of another organisation has an unknown issuer', async () => {
  const other = await mintCertificate({ subject: 'CN=root,O=Other', ca: true });
  assert.equal(await refusal(await mintPeer(other)), 'issuer-unknown');
});

test('a peer cannot issue: only listed certificates are links of a chain', async () => {
  const peer = await mintPeer(root);
  assert.equal(await refusal(await mintPeer(peer)), 'issuer-unknown');
});

test('an intermediate that the organisation does not list issues nothing', async () => {
  const unlisted = await mintCertificate({ subject: 'CN=other ica,O=Sample', issuer: root, ca: true });
  assert.equal(await refusal(await mintPeer(unlisted)), 'issuer-unknown');
});

test('an authority does not sign as a peer', async () => {
  const authority = await mintPeer(root, {
    ca: true,
    usages: KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature,
  });
  assert.equal(await refusal(authority), 'usage');
});

test('a key that may not sign, or may sign certificates, or does not say, is refused', async () => {
  const { keyAgreement, digitalSignature, keyCertSign } = KeyUsageFlags;
  assert.equal(await refusal(await mintPeer(root, { usages: keyAgreement })), 'usage');
  assert.equal(await refusal(await mintPeer(root, { usages: digitalSignature | keyCertSign })), 'usage');
  assert.equal(await refusal(await mintPeer(root, { usages: null })), 'usage');
});

test('the first and last second of validity are in, the ones around them out', async () => {
  const peer = await mintPeer(intermediate, { from: TODAY, until: TODAY + DAY });
  assert.equal(await refusal(peer, TODAY), null);
  assert.equal(await refusal(peer, TODAY + DAY), null);
  assert.equal(await refusal(peer, TODAY - 1), 'outside-validity');
  assert.equal(await refusal(peer, TODAY + DAY + 1), 'outside-validity');
});

test('an authority that was not valid at that time makes the whole chain invalid', async () => {
  const expired = await mintCertificate({
    subject: 'CN=short ica,O=Sample',
    issuer: root,
    ca: true,
    until: TODAY - DAY,
  });
  const among = await open([root.pem], [expired.pem]);
  assert.equal(await refusal(await mintPeer(expired), TODAY, among), 'outside-validity');
  assert.equal(await refusal(await mintPeer(expired), TODAY - 2 * DAY, among), null);
});

test('a renewed root of the same name and another key serves beside the old one', async () => {
  const renewed = await mintCertificate({ subject: 'CN=root,O=Sample', ca: true });
  const among = await open([root.pem, renewed.pem]);
  assert.equal(await refusal(await mintPeer(root), TODAY, among), null);
  assert.equal(await refusal(await mintPeer(renewed), TODAY, among), null);
});

test('a revoked peer is refused at any time, and its neighbour is not', async () => {
  const [revoked, neighbour] = [
    await mintPeer(root, { serial: '0a' }),
    await mintPeer(root, { serial: '0b' }),
  ];
  const among = await open([root.pem], [], [await mintCrl(root, ['0a'])]);
  assert.equal(await refusal(revoked, TODAY, among), 'revoked');
  assert.equal(await refusal(revoked, TODAY - 50 * DAY, among), 'revoked');
  assert.equal(await refusal(neighbour, TODAY, among), null);
});

test('what a revoked intermediate issued is refused', async () => {
  const revoked = await mintCertificate({
    subject: 'CN=bad ica,O=Sample',
    issuer: root,
    ca: true,
    serial: '0c',
  });
  const among = await open([root.pem], [revoked.pem], [await mintCrl(root, ['0c'])]);
  assert.equal(await refusal(await mintPeer(revoked), TODAY, among), 'revoked');
});

test('a serial number is revoked for its own issuer only', async () => {
  const peer = await mintPeer(root, { serial: '0a' });
  const among = await open([root.pem], [intermediate.pem], [await mintCrl(intermediate, ['0a'])]);
  assert.equal(await refusal(peer, TODAY, among), null);
});

test('a revocation list that somebody else signed is refused when the list is opened', async () => {
  const impostor = await mintCertificate({ subject: 'CN=root,O=Sample', ca: true });
  const forged = await mintCrl(impostor, []);
  const misnamed = await mintCrl(root, [], { issuerName: 'CN=nobody' });
  await assert.rejects(open([root.pem], [], [forged]), { code: 'CRL' });
  await assert.rejects(open([root.pem], [], [misnamed]), { code: 'CRL' });
});

test('a revocation list by an authority whose key may not sign lists is refused', async () => {
  const noLists = await mintCertificate({ subject: 'CN=r', ca: true, usages: KeyUsageFlags.keyCertSign });
  await assert.rejects(open([noLists.pem], [], [await mintCrl(noLists, [])]), { code: 'CRL' });
});

test('what may not issue is refused as root or intermediate', async () => {
  const notAnAuthority = await mintCertificate({ subject: 'CN=r' });
  const keyAlone = await mintCertificate({ subject: 'CN=r', usages: KeyUsageFlags.keyCertSign });
  const mayNotSign = await mintCertificate({
    subject: 'CN=r',
    ca: true,
    usages: KeyUsageFlags.digitalSignature,
  });
  const doesNotSay = await mintCertificate({ subject: 'CN=r', ca: true, usages: null });
  for (const { pem } of [notAnAuthority, keyAlone, mayNotSign, doesNotSay]) {
    await assert.rejects(open([pem]), { code: 'CERTIFICATE' });
    await assert.rejects(open([root.pem], [pem]), { code: 'CERTIFICATE' });
  }
});

test('an intermediate that leads to no root is refused', async () => {
  const elsewhere = await mintCertificate({ subject: 'CN=elsewhere', ca: true });
  const lost = await mintCertificate({ subject: 'CN=lost', issuer: elsewhere, ca: true });
  await assert.rejects(open([root.pem], [lost.pem]), { code: 'CERTIFICATE' });
});

test('an intermediate below one that may have none below it is refused', async () => {
  const below = await mintCertificate({ subject: 'CN=below', issuer: intermediate, ca: true });
  await assert.rejects(open([root.pem], [intermediate.pem, below.pem]), { code: 'CERTIFICATE' });
});

test('intermediates may be listed in any order', async () => {
  const upper = await mintCertificate({ subject: 'CN=upper', issuer: root, ca: true });
  const lower = await mintCertificate({ subject: 'CN=lower', issuer: upper, ca: true });
  const among = await open([root.pem], [lower.pem, upper.pem]);
  assert.equal(await refusal(await mintPeer(lower), TODAY, among), null);
});
