import { decodeBase64url, encodeBase64url } from './base64url.js';
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from './bytes.js';
import type { Hash } from './crypto.js';
import { ProtocolError } from './error.js';

/** Signed notes with Ed25519 keys, C2SP signed-note (https://c2sp.org/signed-note). */

/** Ed25519 (RFC 8032) with a key the function holds: 64 bytes. */
export type SignNote = (data: Uint8Array) => Promise<Uint8Array>;

/** Ed25519: 32-byte public key, 64-byte signature. False for anything wrong, never rejects. */
export type VerifyNote = (publicKey: Uint8Array, signature: Uint8Array, data: Uint8Array) => Promise<boolean>;

export interface NoteKey {
  /** What the signature line shows; no spaces, no plus sign. */
  readonly name: string;
  /** 32 bytes, Ed25519. */
  readonly publicKey: Uint8Array;
}

const ED25519 = 1;
const KEY_ID_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** More than any checkpoint with its witnesses; a hostile note is not worth reading further. */
const MAX_NOTE_CHARACTERS = 65_536;
const MAX_SIGNATURES = 64;

function refuse(what: string): never {
  throw new ProtocolError('CHECKPOINT', what);
}

/** Standard base64 with padding (RFC 4648 §4), which notes use. */
export function encodeBase64(bytes: Uint8Array): string {
  const text = encodeBase64url(bytes).replace(/-/g, '+').replace(/_/g, '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** Canonical text only. @throws ProtocolError `CHECKPOINT`, `BASE64URL` (non-zero bits after the last byte) */
export function decodeBase64(text: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) refuse('not base64');
  return decodeBase64url(text.replace(/=/g, '').replace(/\+/g, '-').replace(/\//g, '_'));
}

function checkKey({ name, publicKey }: NoteKey): void {
  if (!/^[^\s+]+$/u.test(name)) refuse('a key name has no spaces and no plus sign');
  if (publicKey.length !== PUBLIC_KEY_BYTES) refuse('an Ed25519 key has 32 bytes');
}

/** The four bytes that stand before a signature: SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key), cut. */
export function noteKeyId(key: NoteKey, hash: Hash): Uint8Array {
  checkKey(key);
  return hash(concatBytes(utf8(`${key.name}\n`), Uint8Array.of(ED25519), key.publicKey)).slice(
    0,
    KEY_ID_BYTES,
  );
}

/** The key as monitors and witnesses are configured with it: `<name>+<key id, hex>+<base64>`. */
export function formatNoteKey(key: NoteKey, hash: Hash): string {
  const material = concatBytes(Uint8Array.of(ED25519), key.publicKey);
  return `${key.name}+${toHex(noteKeyId(key, hash))}+${encodeBase64(material)}`;
}

/** Reverse of {@link formatNoteKey}. @throws ProtocolError `CHECKPOINT` */
export function parseNoteKey(text: string, hash: Hash): NoteKey {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/u.exec(text);
  if (parts === null) refuse('not a note key');
  const [, name = '', id = '', base64 = ''] = parts;
  const material = decodeBase64(base64);
  if (material[0] !== ED25519) refuse('not an Ed25519 note key');
  const key = { name, publicKey: material.slice(1) };
  if (!equalBytes(noteKeyId(key, hash), fromHex(id))) refuse('the key id does not belong to the key');
  return key;
}

/** A note's text: whole lines, no control characters but the newline. */
function checkText(text: string): void {
  if (!text.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]|\p{Surrogate}/u.test(text)) {
    refuse('a note is whole lines of plain text');
  }
}

/** `text` and one signature. Further ones are lines to append. @throws ProtocolError `CHECKPOINT` */
export async function signNote(text: string, key: NoteKey, sign: SignNote, hash: Hash): Promise<string> {
  checkText(text);
  const signature = await sign(utf8(text));
  if (signature.length !== SIGNATURE_BYTES) refuse('an Ed25519 signature has 64 bytes');
  return `${text}\n— ${key.name} ${encodeBase64(concatBytes(noteKeyId(key, hash), signature))}\n`;
}

interface SignatureLine {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

function parseSignatureLine(line: string): SignatureLine {
  const parts = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
  if (parts === null) refuse('a line among the signatures is none');
  const [, name = '', base64 = ''] = parts;
  const bytes = decodeBase64(base64);
  if (bytes.length <= KEY_ID_BYTES) refuse('a signature is too short');
  return { name, keyId: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
}

/**
 * The text of a note and which of `keys` signed it, at least one. Signatures by unknown keys are ignored, as
 * the format asks; a wrong signature by a known key refuses the whole note.
 *
 * @throws ProtocolError `CHECKPOINT`
 */
export async function openNote(
  note: string,
  keys: readonly NoteKey[],
  verify: VerifyNote,
  hash: Hash,
): Promise<{ text: string; signers: NoteKey[] }> {
  if (note.length > MAX_NOTE_CHARACTERS) refuse('too long for a note');
  // The signatures begin after the last empty line: the text may hold empty lines of its own.
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) refuse('a note is text, an empty line and signatures');
  const text = note.slice(0, split + 1);
  checkText(text);
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) refuse('too many signatures');
  const signers: NoteKey[] = [];
  for (const { name, keyId, signature } of lines.map(parseSignatureLine)) {
    const key = keys.find((known) => known.name === name && equalBytes(noteKeyId(known, hash), keyId));
    if (key === undefined) continue;
    if (signers.includes(key)) refuse('two signatures by one key');
    if (!(await verify(key.publicKey, signature, utf8(text)))) refuse('a signature is wrong');
    signers.push(key);
  }
  if (signers.length === 0) refuse('signed by none of the given keys');
  return { text, signers };
}
