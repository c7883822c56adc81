import { createHash, timingSafeEqual } from 'node:crypto';
import { encodeBase64url } from '@spondon/protocol/base64url';

/**
 * A facility's API key: `spk_<id>_<secret>`, id 16 hexadecimal digits, secret 256 random bits as base64url. The
 * service keeps the id and the digest, SHA-256 of the whole text; with so much entropy nothing slower is needed.
 */
export interface ApiKey {
  /** Public: names the key in lists and logs. */
  readonly id: string;
  /** Shown once, never stored. */
  readonly text: string;
  readonly digest: Uint8Array;
}

const FORM = /^spk_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

/** `random` must be a cryptographic generator. */
export function newApiKey(random: (bytes: number) => Uint8Array): ApiKey {
  const id = Buffer.from(random(8)).toString('hex');
  const text = `spk_${id}_${encodeBase64url(random(32))}`;
  return { id, text, digest: digestOf(text) };
}

/** Which stored key to compare with. `undefined` when the text is no API key at all. Nothing is checked yet. */
export function parseApiKey(text: string): { readonly id: string; readonly digest: Uint8Array } | undefined {
  const id = FORM.exec(text)?.[1];
  return id === undefined ? undefined : { id, digest: digestOf(text) };
}

/** Whether the presented key is the stored one, in a time that does not depend on where they differ. */
export function isSameApiKey(presented: Uint8Array, stored: Uint8Array): boolean {
  return presented.length === stored.length && timingSafeEqual(presented, stored);
}

function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text, 'latin1').digest();
}
