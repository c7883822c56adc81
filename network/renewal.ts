import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { isLowS, signatureFromDer } from '@spondon/protocol/crypto';
import { ALGORITHM, openAuthority } from './authority.js';
import type { PemPair } from './chaincode-link.js';

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
  const { certificate: issuer, signingKey } = await openAuthority(authority);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const until = Math.min(now.getTime() + days * DAY_MS, issuer.notAfter.getTime());
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
  while (!isLowS(signatureFromDer(new Uint8Array(made.signature)))) made = await make();
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: made.toString('pem'),
    key: x509.PemConverter.encode(key, x509.PemConverter.PrivateKeyTag),
  };
}

/** Of the old key. */
const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
