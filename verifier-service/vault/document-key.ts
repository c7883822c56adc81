import type { KeyObject } from 'node:crypto';
import { ReadableStream } from 'node:stream/web';
import { bech32 } from '@scure/base';
import { Decrypter } from 'age-encryption';
import { ServiceError } from '../error.js';
import { drawFileSecrets, writeAgeFile } from './age-file.js';
import { newX25519KeyPair, rawPrivateKey } from './x25519.js';

/** A document's own key pair (age-encryption.org/v1, X25519). The identity is the secret: it exists only wrapped. */
export interface DocumentKey {
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string;
  readonly recipient: KeyObject;
}

export function newDocumentKey(): DocumentKey {
  const { privateKey, publicKey } = newX25519KeyPair();
  const identity = bech32.encodeFromBytes('AGE-SECRET-KEY-', rawPrivateKey(privateKey)).toUpperCase();
  return { identity, recipient: publicKey };
}

/** An ordinary age file, binary, that any age implementation opens with the identity. */
export function encryptDocument(plaintext: Uint8Array, recipient: KeyObject): Uint8Array {
  return writeAgeFile(plaintext, recipient, drawFileSecrets());
}

/**
 * The plaintext, in pieces of up to 64 KiB, each authenticated before it is handed out; that none is missing at the
 * end is known only when it returns. Throws `BLOB_DAMAGED` when ciphertext and identity do not belong together or
 * either was changed; errors of the source come through as they are.
 */
export async function* decryptDocument(
  ciphertext: AsyncIterable<Uint8Array>,
  identity: string,
): AsyncGenerator<Uint8Array> {
  try {
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    yield* await decrypter.decrypt(ReadableStream.from(ciphertext));
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError('BLOB_DAMAGED', 'The stored document does not open with its key.');
  }
}
