import { createPrivateKey, type KeyObject } from 'node:crypto';
import { generatePrivateKey } from '@spondon/protocol/crypto-node';
import { ServiceError } from '../error.js';
import type { Vault } from './seal.js';

/** A private P-256 key, with the bytes to store: PKCS #8, sealed for `context` alone. Store them before using the key. */
export function newPrivateKey(
  vault: Vault,
  context: string,
): { readonly key: KeyObject; readonly sealed: Uint8Array } {
  const key = generatePrivateKey('P-256');
  return { key, sealed: vault.seal(key.export({ type: 'pkcs8', format: 'der' }), context) };
}

/** Throws `MASTER_KEY_WRONG`, or `KEY_DAMAGED` for anything that is not a private key sealed for `context`. */
export function openPrivateKey(sealed: Uint8Array, vault: Vault, context: string): KeyObject {
  const pkcs8 = vault.open(sealed, context);
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8), type: 'pkcs8', format: 'der' });
  } catch {
    throw new ServiceError('KEY_DAMAGED', `What is sealed as ${context} is no private key.`);
  }
}
