import { ReadableStream } from 'node:stream/web';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { ServiceError } from '../error.js';

/** A document's own key pair (age-encryption.org/v1, X25519). The identity is the secret: it exists only wrapped. */
export interface DocumentKey {
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string;
  /** `age1…` */
  readonly recipient: string;
}

/** Random by itself: the library takes no generator. */
export async function newDocumentKey(): Promise<DocumentKey> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** An ordinary age file, binary, that any age implementation opens with the identity. */
export async function encryptDocument(plaintext: Uint8Array, recipient: string): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter.encrypt(plaintext);
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
