import { createHash, createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { TAG } from '@spondon/protocol/x509/der';
import { bitString, element, integer, octets, oid, sequence, setOf, time } from './der.js';

/** What the service signs its reports with. */
export interface ReportSigner {
  /** P-256, or RSA of at least 2,048 bits. */
  readonly key: KeyObject;
  /** DER: the key's own, then those that lead from it to a root, where there are any. */
  readonly certificates: readonly Uint8Array[];
}

/** First and last moment at which the certificate is valid, Unix ms. */
export function validityOf({ certificates: [own] }: ReportSigner): {
  readonly from: number;
  readonly to: number;
} {
  if (!own) throw new TypeError('a signer has a certificate');
  const { validFrom, validTo } = new X509Certificate(own);
  return { from: Date.parse(validFrom), to: Date.parse(validTo) };
}

/** The certificate and those that follow it, for whoever wants to compare. */
export function pemOf({ certificates }: ReportSigner): string {
  return certificates.map((der) => new X509Certificate(der).toString()).join('');
}

const YEARS = 20;
/** For readers whose clocks are a little behind. */
const BACKDATING_MS = 5 * 60_000;
const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

/**
 * A certificate for reports, signed with its own P-256 key (RFC 5280). It says for which host they are made, and that
 * the key signs and is not to sign other certificates.
 *
 * @param random 16 cryptographically random bytes
 */
export function selfSignedCertificate(
  key: KeyObject,
  host: string,
  now: number,
  random: Uint8Array,
): Uint8Array {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const name = sequence(
    setOf(sequence(oid('2.5.4.3'), element(TAG.utf8String, Buffer.from(`Spondon reports, ${host}`)))),
  );
  const end = new Date(now);
  end.setUTCFullYear(end.getUTCFullYear() + YEARS);
  const toBeSigned = sequence(
    element(TAG.context0, integer(2)),
    // Positive and of full length.
    integer(((random[0] ?? 0) & 0x3f) | 0x40, ...random.subarray(1)),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(now - BACKDATING_MS), time(end.getTime())),
    name,
    publicKey,
    element(TAG.context3, sequence(...extensionsFor(publicKey))),
  );
  return sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(sign('sha256', toBeSigned, key)));
}

function extensionsFor(publicKey: Uint8Array): Uint8Array[] {
  const critical = element(TAG.boolean, Uint8Array.of(0xff));
  // Bits 0 and 1, digitalSignature and nonRepudiation; six of the byte are not used.
  const keyUsage = element(TAG.bitString, Uint8Array.of(6, 0xc0));
  const keyId = createHash('sha1').update(publicKey).digest();
  return [
    sequence(oid('2.5.29.19'), critical, octets(sequence())),
    sequence(oid('2.5.29.15'), critical, octets(keyUsage)),
    sequence(oid('2.5.29.14'), octets(octets(keyId))),
  ];
}
