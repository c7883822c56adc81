import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { PemPair } from './chaincode-link.js';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** For an other end whose clock is a little behind. */
const BACKDATING_MS = 5 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/**
 * A new key and certificate for the holder of one: the same names and uses, from the same authority. It ends with the
 * authority at the latest. For trials, where the authority's key is at hand; a real authority is asked (`fabric-ca-client
 * reenroll`).
 */
export async function renewed(
  certificate: string,
  authority: PemPair,
  now: Date,
  days: number,
): Promise<PemPair> {
  const old = new x509.X509Certificate(certificate);
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const until = Math.min(now.getTime() + days * DAY_MS, issuer.notAfter.getTime());
  const signingKey = await importKey(authority.key);
  const make = () =>
    x509.X509CertificateGenerator.create({
      // As they are in the certificates: authorities are found by the bytes of their name.
      subject: old.subjectName,
      issuer: issuer.subjectName,
      notBefore: new Date(now.getTime() - BACKDATING_MS),
      notAfter: new Date(until),
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: ALGORITHM,
      extensions: old.extensions.filter(({ type }) => type !== SUBJECT_KEY_IDENTIFIER),
    });
  let made = await make();
  // Fabric writes certificates with the larger of two possible signatures anew, and they would be two.
  while (!hasLowS(new Uint8Array(made.signature))) made = await make();
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: made.toString('pem'),
    key: x509.PemConverter.encode(key, x509.PemConverter.PrivateKeyTag),
  };
}

/** Of the old key. */
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
}

const HALF_ORDER = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;

/** Of a signature in DER, `30 … 02 … r 02 … s`, with P-256. */
function hasLowS(signature: Uint8Array): boolean {
  const lengthOfR = signature[3] ?? 0;
  const s = signature.subarray(4 + lengthOfR + 2);
  return BigInt(`0x${Buffer.from(s).toString('hex')}`) <= HALF_ORDER;
}
