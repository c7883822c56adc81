import { sign, verify, type KeyObject } from 'node:crypto';
import { toLowS } from '@spondon/protocol/crypto';

/**
 * ECDSA P-256 over SHA-256 of `data` as Fabric wants it: ASN.1 DER with low S (its MSP refuses the other S).
 */
export function signDer(key: KeyObject, data: Uint8Array): Uint8Array {
  const signature = toLowS(sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }));
  const integers = Buffer.concat([derInteger(signature.subarray(0, 32)), derInteger(signature.subarray(32))]);
  return Uint8Array.from([0x30, integers.length, ...integers]);
}

function derInteger(unsigned: Uint8Array): Uint8Array {
  let start = 0;
  while (start < unsigned.length - 1 && unsigned[start] === 0) start += 1;
  const digits = unsigned.subarray(start);
  const padding = (digits[0] ?? 0) >= 0x80 ? [0] : [];
  return Uint8Array.from([0x02, padding.length + digits.length, ...padding, ...digits]);
}

/** False for anything wrong. */
export function verifyDer(key: KeyObject, signature: Uint8Array, data: Uint8Array): boolean {
  return verify('sha256', data, { key, dsaEncoding: 'der' }, signature);
}
