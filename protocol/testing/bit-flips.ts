/* eslint-disable no-restricted-imports -- material for tests: nothing in the protocol imports it */
import assert from 'node:assert/strict';
import { verify } from '../crypto-node.js';
import { ProtocolError } from '../error.js';

/** Parts of what a certificate authority signs. */
interface Signed {
  readonly signature: Uint8Array;
  readonly toBeSigned: { readonly raw: Uint8Array };
}

/** Whichever bit is flipped, `parse` refuses the bytes, or the signature in them does not fit `publicKey`. */
export async function assertNoBitFlips(
  der: Uint8Array,
  parse: (der: Uint8Array) => Signed,
  publicKey: Uint8Array,
): Promise<void> {
  for (let bit = 0; bit < der.length * 8; bit += 1) {
    const damaged = der.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      const { signature, toBeSigned } = parse(damaged);
      assert.ok(!(await verify(publicKey, signature, toBeSigned.raw)), `bit ${bit}`);
    } catch (error) {
      assert.ok(error instanceof ProtocolError, `bit ${bit}: ${String(error)}`);
    }
  }
}
