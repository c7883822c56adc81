import {
  createCipheriv,
  createHmac,
  diffieHellman,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { newX25519KeyPair, rawPublicKey, type X25519KeyPair } from './x25519.js';

/**
 * Writes an age file (age-encryption.org/v1) for one X25519 recipient, with the cryptography of Node itself: the
 * library's, in JavaScript, takes ten times as long (docs/decisions/0020). Reading stays with the library.
 */

const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const NONCE_BYTES = 16;

/** What is drawn for one file, and never for another. */
export interface FileSecrets {
  /** 16 bytes. */
  readonly fileKey: Uint8Array;
  readonly ephemeral: X25519KeyPair;
  /** 16 bytes, of the payload. */
  readonly nonce: Uint8Array;
}

export function drawFileSecrets(): FileSecrets {
  return { fileKey: randomBytes(16), ephemeral: newX25519KeyPair(), nonce: randomBytes(NONCE_BYTES) };
}

/** Header ‖ nonce ‖ payload, binary. Throws when `recipient` is not an X25519 key or is a point of small order. */
export function writeAgeFile(plaintext: Uint8Array, recipient: KeyObject, secrets: FileSecrets): Uint8Array {
  const header = writeHeader(recipient, secrets);
  const key = derive(secrets.fileKey, secrets.nonce, 'payload');
  const chunks = Math.max(1, Math.ceil(plaintext.length / CHUNK_BYTES));
  // a buffer of its own, so that it can be handed over to another thread
  const file = new Uint8Array(header.length + NONCE_BYTES + plaintext.length + chunks * TAG_BYTES);
  file.set(header);
  file.set(secrets.nonce, header.length);
  let at = header.length + NONCE_BYTES;
  // STREAM: the nonce is the chunk's number in 11 bytes, and 1 for the last one, so that none can go unnoticed
  const nonce = Buffer.alloc(12);
  for (let i = 0; i < chunks; i++) {
    nonce.writeUInt32BE(i, 7);
    nonce.writeUInt8(i === chunks - 1 ? 1 : 0, 11);
    const sealed = seal(key, nonce, plaintext.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
    for (const part of sealed) {
      file.set(part, at);
      at += part.length;
    }
  }
  return file;
}

function writeHeader(recipient: KeyObject, { fileKey, ephemeral }: FileSecrets): Buffer {
  const share = rawPublicKey(ephemeral.publicKey);
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient });
  const salt = Buffer.concat([share, rawPublicKey(recipient)]);
  const body = Buffer.concat(
    seal(derive(shared, salt, 'age-encryption.org/v1/X25519'), Buffer.alloc(12), fileKey),
  );
  const head = `age-encryption.org/v1\n-> X25519 ${unpadded(share)}\n${unpadded(body)}\n---`;
  const mac = createHmac('sha256', derive(fileKey, '', 'header'))
    .update(head)
    .digest();
  return Buffer.from(`${head} ${unpadded(mac)}\n`);
}

/** ChaCha20-Poly1305 (RFC 8439): ciphertext, tag. */
function seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array): [Buffer, Buffer] {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return [ciphertext, cipher.getAuthTag()];
}

function derive(secret: Uint8Array, salt: Uint8Array | string, info: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, 32));
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
