import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { generatePrivateKey } from '@spondon/protocol/crypto-node';
import { isLowS, signatureFromDer } from '@spondon/protocol/crypto';
import fc from 'fast-check';
import { signDer, verifyDer } from './signature.js';

const privateKey = generatePrivateKey('P-256');
const publicKey = createPublicKey(privateKey);

test('signatures verify, have low S and are strict DER', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (data) => {
      const signature = signDer(privateKey, data);
      assert.ok(verifyDer(publicKey, signature, data));
      assert.ok(isLowS(signatureFromDer(signature)));
    }),
    // Enough that some r or s begins with zero bytes or a set bit.
    { numRuns: 1000 },
  );
});

test('a signature over other data, or no signature at all, does not verify', () => {
  const signature = signDer(privateKey, Uint8Array.of(1));
  assert.equal(verifyDer(publicKey, signature, Uint8Array.of(2)), false);
  assert.equal(verifyDer(publicKey, new Uint8Array(), Uint8Array.of(1)), false);
});
