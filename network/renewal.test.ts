import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import type { PemPair } from './chaincode-link.js';
import { renewed } from './renewal.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const NOW = new Date('2026-03-01T00:00:00Z');
const YEAR = 365;

/** An authority that ends in 2028, and a certificate of a peer that ends soon. */
async function sample(): Promise<{ readonly authority: PemPair; readonly peer: string }> {
  const pem = async (key: webcrypto.CryptoKey) =>
    x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), x509.PemConverter.PrivateKeyTag);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=ca.dghs.example, O=dghs.example',
    notBefore: new Date('2025-01-01'),
    notAfter: new Date('2028-01-01'),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const peer = await x509.X509CertificateGenerator.create({
    subject: 'CN=peer1.dghs.example, OU=peer',
    issuer: root.subjectName,
    notBefore: new Date('2025-01-01'),
    notAfter: new Date('2026-03-08'),
    publicKey: own.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'peer1.dghs.example' }]),
    ],
  });
  return {
    authority: { certificate: root.toString('pem'), key: await pem(keys.privateKey) },
    peer: peer.toString('pem'),
  };
}

test('a renewed certificate is its holder in the eyes of the same authority, with a new key', async () => {
  const { authority, peer } = await sample();
  const next = await renewed(peer, authority, NOW, YEAR);
  const [was, is] = [new X509Certificate(peer), new X509Certificate(next.certificate)];
  assert.equal(is.subject, was.subject);
  assert.equal(is.subjectAltName, was.subjectAltName);
  assert.ok(is.checkIssued(new X509Certificate(authority.certificate)));
  assert.ok(is.verify(new X509Certificate(authority.certificate).publicKey));
  assert.ok(is.checkPrivateKey(createPrivateKey(next.key)));
  assert.notDeepEqual(is.publicKey.export({ format: 'jwk' }), was.publicKey.export({ format: 'jwk' }));
  assert.notEqual(is.serialNumber, was.serialNumber);
  assert.equal(new Date(is.validTo).toISOString(), '2027-03-01T00:00:00.000Z');
});

test('it ends with its authority at the latest', async () => {
  const { authority, peer } = await sample();
  const { certificate } = await renewed(peer, authority, NOW, 10 * YEAR);
  assert.equal(new Date(new X509Certificate(certificate).validTo).toISOString(), '2028-01-01T00:00:00.000Z');
});
