import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../bytes.js';
import { verify } from '../crypto-node.js';
import { ProtocolError } from '../error.js';
import { assertNoBitFlips } from '../testing/bit-flips.js';
import { DAY, TODAY, mintCertificate } from '../testing/mint.js';
import { OPENSSL_INTERMEDIATE, OPENSSL_PEER, OPENSSL_ROOT } from '../vectors/openssl-chain.js';
import { parseCertificate, parseCertificatePem } from './certificate.js';
import { sameName } from './signed.js';

const root = await mintCertificate({ subject: 'CN=ca.sample,O=Sample', ca: true, pathLength: 1 });
const peer = await mintCertificate({
  subject: 'CN=peer0.sample,OU=peer,OU=ঢাকা,O=Sample',
  issuer: root,
  serial: '00f123456789abcdef',
  from: TODAY,
  // Beyond 2049, so that both kinds of time occur.
  until: Date.UTC(2060, 4, 6, 7, 8, 9),
  extensions: [
    new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'peer0.sample' }]),
    await x509.SubjectKeyIdentifierExtension.create(root.certificate.publicKey),
  ],
});

test('reads what Node reads, from certificates of two other encoders', () => {
  for (const pem of [root.pem, peer.pem, OPENSSL_ROOT, OPENSSL_INTERMEDIATE, OPENSSL_PEER]) {
    const ours = parseCertificatePem(pem);
    const nodes = new X509Certificate(pem);
    const spki = nodes.publicKey.export({ format: 'der', type: 'spki' });
    assert.equal(ours.serial, nodes.serialNumber.toLowerCase());
    assert.equal(ours.notBefore, Date.parse(nodes.validFrom));
    assert.equal(ours.notAfter, Date.parse(nodes.validTo));
    assert.equal(toHex(ours.publicKey), spki.subarray(-65).toString('hex'));
    assert.equal(ours.basicConstraints?.ca ?? false, nodes.ca);
    assert.deepEqual(
      ours.units,
      nodes.subject.split('\n').flatMap((line) => (line.startsWith('OU=') ? [line.slice(3)] : [])),
    );
  }
});

test('key usage and path length are read', () => {
  const { digitalSignature, keyCertSign, crlSign } = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 };
  assert.deepEqual(parseCertificatePem(root.pem).keyUsage, new Set([keyCertSign, crlSign]));
  assert.deepEqual(parseCertificatePem(peer.pem).keyUsage, new Set([digitalSignature]));
  assert.deepEqual(parseCertificatePem(root.pem).basicConstraints, { ca: true, pathLength: 1 });
  assert.deepEqual(parseCertificatePem(OPENSSL_INTERMEDIATE).basicConstraints, { ca: true, pathLength: 0 });
});

test('name and signature lead to the issuer', async () => {
  const [parent, child] = [parseCertificatePem(root.pem), parseCertificatePem(peer.pem)];
  assert.ok(sameName(parent.subject, child.issuer));
  assert.ok(!sameName(child.subject, child.issuer));
  assert.ok(await verify(parent.publicKey, child.signature, child.toBeSigned.raw));
});

test('whichever bit is flipped, a certificate is refused or its signature does not fit', async () => {
  const der = new Uint8Array(peer.certificate.rawData);
  await assertNoBitFlips(der, parseCertificate, parseCertificatePem(root.pem).publicKey);
});

test('refuses bytes after the certificate', () => {
  const der = new Uint8Array(peer.certificate.rawData);
  assert.throws(() => parseCertificate(Uint8Array.from([...der, 0])), { code: 'DER' });
});

test('refuses a certificate over another curve', async () => {
  const other = await mintCertificate({ subject: 'CN=x', curve: 'P-384', issuer: root });
  assert.throws(() => parseCertificatePem(other.pem), { code: 'CERTIFICATE' });
});

test('refuses a critical extension that it does not understand, and takes the same one when not critical', async () => {
  const nameConstraints = '2.5.29.30';
  for (const critical of [true, false]) {
    const extension = new x509.Extension(nameConstraints, critical, Uint8Array.of(0x30, 0));
    const { pem } = await mintCertificate({ subject: 'CN=x', issuer: root, extensions: [extension] });
    if (critical) assert.throws(() => parseCertificatePem(pem), { code: 'CERTIFICATE' });
    else assert.equal(parseCertificatePem(pem).notAfter, TODAY + 1000 * DAY);
  }
});

test('refuses an extension that stands twice', async () => {
  const again = new x509.BasicConstraintsExtension(true, undefined, true);
  const { pem } = await mintCertificate({ subject: 'CN=x', issuer: root, extensions: [again] });
  assert.throws(() => parseCertificatePem(pem), { code: 'CERTIFICATE' });
});

test('refuses a unit in an outdated string type, which another reader might read as a role', () => {
  const der = new Uint8Array(peer.certificate.rawData);
  const organizationalUnit = Buffer.from([0x55, 0x04, 0x0b]);
  const at = Buffer.from(der).indexOf('peer', Buffer.from(der).indexOf(organizationalUnit));
  const teletex = der.slice();
  teletex[at - 2] = 0x14;
  assert.throws(() => parseCertificate(teletex), { code: 'CERTIFICATE' });
});

test('arbitrary bytes are refused with an error of ours', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.throws(() => parseCertificate(bytes), ProtocolError);
    }),
  );
});
