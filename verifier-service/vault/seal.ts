import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { ServiceError } from '../error.js';

/**
 * What the service keeps secret on its own disk, sealed under the master key: AES-256-GCM (NIST SP 800-38D).
 *
 *   version (1 byte: 1) ‖ key id (8) ‖ nonce (12, random) ‖ ciphertext ‖ tag (16) ‖ checksum (4)
 *
 * The context says what is sealed and whose it is (`signing-key/bd.dghs.10012345`); it is authenticated and not
 * stored, so a sealed value moved elsewhere does not open. The checksum (SHA-256) tells damage from a wrong master
 * key, which need different help; it protects nothing. One master key may seal 2^32 values.
 */
export interface Vault {
  /** Names the master key and tells nothing of it: 16 hexadecimal digits. */
  readonly keyId: string;
  seal(plaintext: Uint8Array, context: string): Uint8Array;
  /** Throws `MASTER_KEY_WRONG` (sealed under another one) or `KEY_DAMAGED` (changed, cut, or of another context). */
  open(sealed: Uint8Array, context: string): Uint8Array;
}

const VERSION = 1;
const KEY_ID_END = 1 + 8;
const NONCE_END = KEY_ID_END + 12;
const TAG_BYTES = 16;
const CHECKSUM_BYTES = 4;
export const SEAL_OVERHEAD = NONCE_END + TAG_BYTES + CHECKSUM_BYTES;

/** `masterKey`: 32 bytes. `random` must be a cryptographic generator. */
export function createVault(masterKey: Uint8Array, random: (bytes: number) => Uint8Array): Vault {
  if (masterKey.length !== 32) throw new TypeError('a master key has 32 bytes');
  const key = derive(masterKey, 'spondon/seal/v1', 32);
  const keyId = derive(masterKey, 'spondon/master-key-id/v1', 8);

  return {
    keyId: keyId.toString('hex'),

    seal(plaintext, context) {
      const head = Buffer.concat([Uint8Array.of(VERSION), keyId, random(12)]);
      const cipher = createCipheriv('aes-256-gcm', key, head.subarray(KEY_ID_END));
      cipher.setAAD(additionalData(head, context));
      const body = [head, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat([...body, checksum(body)]);
    },

    open(sealed, context) {
      const end = sealed.length - CHECKSUM_BYTES;
      if (sealed.length < SEAL_OVERHEAD || sealed[0] !== VERSION) throw damaged();
      if (!checksum([sealed.subarray(0, end)]).equals(sealed.subarray(end))) throw damaged();
      if (!keyId.equals(sealed.subarray(1, KEY_ID_END)))
        throw new ServiceError('MASTER_KEY_WRONG', 'This data folder was sealed under another master key.');
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(KEY_ID_END, NONCE_END));
      decipher.setAAD(additionalData(sealed.subarray(0, NONCE_END), context));
      decipher.setAuthTag(sealed.subarray(end - TAG_BYTES, end));
      try {
        return Buffer.concat([
          decipher.update(sealed.subarray(NONCE_END, end - TAG_BYTES)),
          decipher.final(),
        ]);
      } catch {
        throw damaged();
      }
    },
  };
}

/** The id of the master key under which something was sealed; null when it is no sealed value. */
export function keyIdOf(sealed: Uint8Array): string | null {
  if (sealed.length < SEAL_OVERHEAD || sealed[0] !== VERSION) return null;
  return Buffer.from(sealed.subarray(1, KEY_ID_END)).toString('hex');
}

function derive(masterKey: Uint8Array, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, new Uint8Array(), info, length));
}

function additionalData(head: Uint8Array, context: string): Buffer {
  return Buffer.concat([head.subarray(0, KEY_ID_END), Buffer.from(context, 'utf8')]);
}

function checksum(parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, CHECKSUM_BYTES);
}

function damaged(): ServiceError {
  return new ServiceError('KEY_DAMAGED', 'A sealed value is damaged, or is not the one that belongs here.');
}
