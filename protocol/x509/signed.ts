import { equalBytes, toHex } from '../bytes.js';
import { signatureFromDer, toLowS } from '../crypto.js';
import { ProtocolError } from '../error.js';
import { TAG, derBytesOfBitString, derSequence, type DerElement } from './der.js';

/** AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 §3.2), parameters absent: the one algorithm accepted. */
const ECDSA_WITH_SHA256 = '300a06082a8648ce3d040302';

/** The outer structure that certificates and revocation lists share (RFC 5280 §4.1.1, §5.1.1). */
export interface SignedStructure {
  /** What is signed, with its tag and length: the bytes the signature is over. */
  readonly toBeSigned: DerElement;
  /**
   * 64 bytes r ‖ s, S made low: authorities write either of the two, and nothing here is named by a hash of
   * a certificate, so that the other spelling gains nobody anything.
   */
  readonly signature: Uint8Array;
}

/** @throws ProtocolError `DER`, `CERTIFICATE`, `SIGNATURE_FORMAT` */
export function readSigned(der: Uint8Array): SignedStructure {
  const outer = derSequence(der);
  const toBeSigned = outer.take(TAG.sequence);
  checkAlgorithm(outer.take(TAG.sequence));
  const signature = toLowS(signatureFromDer(derBytesOfBitString(outer.take(TAG.bitString))));
  outer.end();
  return { toBeSigned, signature };
}

/** The algorithm stands inside and outside what is signed; both have to be the one that is verified. */
export function checkAlgorithm(identifier: DerElement): void {
  if (toHex(identifier.raw) !== ECDSA_WITH_SHA256) {
    throw new ProtocolError('CERTIFICATE', 'signed otherwise than by ECDSA with SHA-256');
  }
}

/** Whether two names are the same bytes: stricter than RFC 5280 §7.1 asks, and never wrong about an MSP's own. */
export function sameName(a: DerElement, b: DerElement): boolean {
  return equalBytes(a.raw, b.raw);
}
