import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { verify } from '../crypto-node.js';
import { ProtocolError } from '../error.js';
import { assertNoBitFlips } from '../testing/bit-flips.js';
import { DAY, TODAY, mintCertificate, mintCrl } from '../testing/mint.js';
import { OPENSSL_INTERMEDIATE, OPENSSL_PEER, OPENSSL_REVOCATIONS } from '../vectors/openssl-chain.js';
import { parseCertificatePem } from './certificate.js';
import { parseRevocationList, parseRevocationListPem } from './crl.js';
import { decodePem } from './pem.js';
import { sameName } from './signed.js';

const root = await mintCertificate({ subject: 'CN=ca.sample,O=Sample', ca: true });

test('reads the serial numbers that another encoder wrote, and the issuer verifies the signature', async () => {
  const list = parseRevocationListPem(await mintCrl(root, ['0a', '00ff00ff']));
  const issuer = parseCertificatePem(root.pem);
  assert.deepEqual([...list.serials], ['0a', 'ff00ff']);
  assert.equal(list.thisUpdate, TODAY - DAY);
  assert.ok(sameName(list.issuer, issuer.subject));
  assert.ok(await verify(issuer.publicKey, list.signature, list.toBeSigned.raw));
});

test('a list without entries is a list', async () => {
  assert.equal(parseRevocationListPem(await mintCrl(root, [])).serials.size, 0);
});

test('reads a list that openssl made, with the serial as openssl printed it', async () => {
  const list = parseRevocationListPem(OPENSSL_REVOCATIONS);
  const issuer = parseCertificatePem(OPENSSL_INTERMEDIATE);
  assert.deepEqual([...list.serials], [new X509Certificate(OPENSSL_PEER).serialNumber.toLowerCase()]);
  assert.ok(await verify(issuer.publicKey, list.signature, list.toBeSigned.raw));
});

test('whichever bit is flipped, a list is refused or its signature does not fit', async () => {
  const der = decodePem(await mintCrl(root, ['0102030405']), 'X509 CRL');
  await assertNoBitFlips(der, parseRevocationList, parseCertificatePem(root.pem).publicKey);
});

test('a delta list, which names only what changed, is refused by its critical extension', async () => {
  const deltaIndicator = new x509.Extension('2.5.29.27', true, Uint8Array.of(2, 1, 1));
  const pem = await mintCrl(root, ['0a'], { extensions: [deltaIndicator] });
  assert.throws(() => parseRevocationListPem(pem), { code: 'CERTIFICATE' });
});

test('a certificate is not a revocation list', () => {
  assert.throws(() => parseRevocationListPem(root.pem), { code: 'PEM' });
  assert.throws(() => parseRevocationList(new Uint8Array(root.certificate.rawData)), ProtocolError);
});
