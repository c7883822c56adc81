import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { kidOf, publicKeyFromJwk, type EcPublicJwk, type Sign } from '@spondon/protocol/crypto';
import { sha256, signWith } from '@spondon/protocol/crypto-node';
import { ServiceError } from '../error.js';
import type { Vault } from './seal.js';

/** An issuer's P-256 key, in memory. The private half is never handed out: it exists sealed, and here. */
export interface SigningKey {
  readonly kid: string;
  /** The public half, as the registry has it. */
  readonly jwk: EcPublicJwk;
  /** ES256 with low S. */
  readonly sign: Sign;
}

/** A new key, with the bytes to store: PKCS #8, sealed for this issuer alone. Store them before using the key. */
export async function newSigningKey(
  vault: Vault,
  iss: string,
): Promise<{ readonly key: SigningKey; readonly sealed: Uint8Array }> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const sealed = vault.seal(privateKey.export({ type: 'pkcs8', format: 'der' }), signingKeyContext(iss));
  return { key: signingKey(privateKey), sealed };
}

/** Throws `MASTER_KEY_WRONG`, or `KEY_DAMAGED` for anything that is not a sealed key of this issuer. */
export function loadSigningKey(sealed: Uint8Array, vault: Vault, iss: string): SigningKey {
  const pkcs8 = vault.open(sealed, signingKeyContext(iss));
  try {
    return signingKey(createPrivateKey({ key: Buffer.from(pkcs8), type: 'pkcs8', format: 'der' }));
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
