import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { LOOPBACK } from './layout.js';

export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const YEARS = 10;
/** For an other end whose clock is a little behind. */
const BACKDATING_MS = 5 * 60_000;

/**
 * A key and a certificate for one end of the link between an organisation's peers and its chaincode. Self-signed: the
 * other end trusts this certificate and no other, and none of the organisation's authorities vouches for a chaincode,
 * which therefore cannot pass for a peer.
 */
export async function linkEnd(commonName: string, now: Date): Promise<PemPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const from = new Date(now.getTime() - BACKDATING_MS);
  const until = new Date(now);
  until.setFullYear(now.getFullYear() + YEARS);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    notBefore: from,
    notAfter: until,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: commonName },
        { type: 'ip', value: LOOPBACK },
      ]),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: certificate.toString('pem'),
    key: x509.PemConverter.encode(key, x509.PemConverter.PrivateKeyTag),
  };
}
