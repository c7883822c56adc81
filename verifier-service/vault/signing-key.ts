import { createPublicKey, type KeyObject } from 'node:crypto';
import { kidOf, publicKeyFromJwk, type EcPublicJwk, type Sign } from '@spondon/protocol/crypto';
import { sha256, signWith } from '@spondon/protocol/crypto-node';
import { ServiceError } from '../error.js';
import { newPrivateKey, openPrivateKey } from './private-key.js';
import type { Vault } from './seal.js';

/** An issuer's P-256 key, in memory. The private half is never handed out: it exists sealed, and here. */
export interface SigningKey {
  readonly kid: string;
  /** The public half, as the registry has it. */
  readonly jwk: EcPublicJwk;
  /** ES256 with low S. */
  readonly sign: Sign;
}

/** A new key, with the bytes to store, sealed for this issuer alone. Store them before using the key. */
export function newSigningKey(
  vault: Vault,
  iss: string,
): { readonly key: SigningKey; readonly sealed: Uint8Array } {
  const { key, sealed } = newPrivateKey(vault, signingKeyContext(iss));
  return { key: signingKey(key), sealed };
}

/** Throws `MASTER_KEY_WRONG`, or `KEY_DAMAGED` for anything that is not a sealed key of this issuer. */
export function loadSigningKey(sealed: Uint8Array, vault: Vault, iss: string): SigningKey {
  const key = openPrivateKey(sealed, vault, signingKeyContext(iss));
  try {
    return signingKey(key);
  } catch {
    throw new ServiceError('KEY_DAMAGED', `The sealed signing key of ${iss} is not a P-256 key.`);
  }
}

/** What the vault is told when it seals a facility's signing key. */
export function signingKeyContext(iss: string): string {
  return `signing-key/${iss}`;
}

function signingKey(key: KeyObject): SigningKey {
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined)
    throw new TypeError('not a P-256 key');
  const jwk: EcPublicJwk = { kty, crv, x, y };
  publicKeyFromJwk(jwk);
  return {
    kid: kidOf(jwk, sha256),
    jwk,
    sign: signWith(key),
  };
}
