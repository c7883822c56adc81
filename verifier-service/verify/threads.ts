import { createPublicKey, verify as verifySignature, type KeyObject } from 'node:crypto';
import { jwkFromPublicKey, type Verify } from '@spondon/protocol/crypto';

const REMEMBERED_KEYS = 1024;
const keys = new Map<string, KeyObject>();

/**
 * The protocol's `Verify` on the runtime's own threads: a batch of a thousand signatures then takes several cores and
 * leaves the event loop free. For single signatures the one in protocol/crypto-node is faster.
 */
export const verifyOnThreads: Verify = (publicKey, signature, data) =>
  new Promise((resolve) => {
    try {
      const key = { key: keyOf(publicKey), dsaEncoding: 'ieee-p1363' as const };
      verifySignature('sha256', data, key, signature, (error, good) => resolve(error === null && good));
    } catch {
      // Not a point of the curve: a signature under it is not good.
      resolve(false);
    }
  });

function keyOf(point: Uint8Array): KeyObject {
  const name = Buffer.from(point).toString('latin1');
  const known = keys.get(name);
  if (known) return known;
  const key = createPublicKey({ key: { ...jwkFromPublicKey(point) }, format: 'jwk' });
  if (keys.size >= REMEMBERED_KEYS) keys.clear();
  keys.set(name, key);
  return key;
}
