import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { kidOf } from '@spondon/protocol/crypto';
import { generatePrivateKey, publicJwkOf, sha256, signWith } from '@spondon/protocol/crypto-node';
import type { TrustSignature } from '@spondon/protocol/trust';
import { signTrustPayload } from '@spondon/protocol/trust';
import type { TrustPayload, TrustSigner } from '@spondon/protocol/trust/payload';
import { NetworkError } from '../error.js';

/**
 * A regulator's offline key, in PKCS #8. A file that is there already is never replaced: successors of every bundle
 * that it signed need it.
 *
 * @throws NetworkError `FILE_EXISTS`
 */
export async function makeTrustKey(file: string): Promise<TrustSigner> {
  const key = generatePrivateKey('P-256');
  try {
    await writeFile(file, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new NetworkError('FILE_EXISTS', `${file} is there already, and a key is never replaced`);
  }
  return signerOf(key);
}

/** @throws NetworkError `FILE_UNREADABLE`, `TRUST` */
export async function readTrustKey(file: string): Promise<KeyObject> {
  const pem = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new NetworkError('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  });
  try {
    const key = createPrivateKey(pem);
    publicJwkOf(key);
    return key;
  } catch (cause) {
    throw new NetworkError('TRUST', `${file} is not a private key on P-256`, { cause });
  }
}

export function signerOf(key: KeyObject): TrustSigner {
  const jwk = publicJwkOf(key);
  return { kid: kidOf(jwk, sha256), jwk };
}

/** @throws NetworkError `TRUST` for a key that the payload does not name */
export function signDraft(payload: TrustPayload, key: KeyObject): Promise<TrustSignature> {
  const { kid } = signerOf(key);
  if (![...payload.signers, ...payload.outgoing].some((signer) => signer.kid === kid))
    throw new NetworkError('TRUST', `the draft does not name key ${kid} among its signers`);
  return signTrustPayload(payload, kid, signWith(key));
}
