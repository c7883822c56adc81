import { sign, verify, type KeyObject } from 'node:crypto';
import { signatureFromDer, signatureToDer, toLowS } from '@spondon/protocol/crypto';

/**
 * ECDSA P-256 over SHA-256 of `data` as Fabric wants it: ASN.1 DER with low S (its MSP refuses the other S).
 */
export function signDer(key: KeyObject, data: Uint8Array): Uint8Array {
  return signatureToDer(toLowS(signatureFromDer(sign('sha256', data, key))));
}

/** False for anything wrong. */
export function verifyDer(key: KeyObject, signature: Uint8Array, data: Uint8Array): boolean {
  return verify('sha256', data, key, signature);
}
