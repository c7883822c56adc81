import { createPublicKey, verify as verifySignature, type KeyObject } from 'node:crypto';
import { jwkFromPublicKey, signatureToDer, type Verify } from '@spondon/protocol/crypto';

const REMEMBERED_KEYS = 1024;
const keys = new Map<string, KeyObject>();

/**
 * The protocol's `Verify` on the runtime's own threads: a batch of a thousand signatures then takes several cores and
 * leaves the event loop free. For single signatures the one in protocol/crypto-node is faster.
 */
export const verifyOnThreads: Verify = (publicKey, signature, data) =>
  new Promise((resolve) => {
    try {
      const der = signatureToDer(signature);
      verifySignature('sha256', data, keyOf(publicKey), der, (error, good) =>
        resolve(error === null && good),
      );
    } catch {
      // Not a point of the curve, or not 64 bytes: such a signature is not good.
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
