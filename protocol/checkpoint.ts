import type { Hash } from './crypto.js';
import { ProtocolError } from './error.js';
import { HASH_BYTES } from './merkle/tree.js';
import { decodeBase64, encodeBase64, openNote, signNote } from './note.js';
import type { NoteKey, SignNote, VerifyNote } from './note.js';

/** A log's tree head as a signed note, C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  /** `<host>/<channel>/<mspId>`: names the log, no spaces. */
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError('CHECKPOINT', what);
}

function isOrigin(text: string): boolean {
  return /^[^\s+]+$/u.test(text);
}

/** The text to sign: origin, size in decimal, root in base64, a line each. @throws ProtocolError `CHECKPOINT` */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  check(isOrigin(origin), 'an origin has no spaces and no plus sign');
  check(Number.isSafeInteger(size) && size >= 0, 'the size is not a count');
  check(root.length === HASH_BYTES, 'the root has not 32 bytes');
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

/**
 * Reads a checkpoint's text. Extension lines after the third are allowed by the format and ignored.
 * The text may be anybody's: open the note around it first.
 *
 * @throws ProtocolError `CHECKPOINT`
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = text.split('\n');
  check(isOrigin(origin), 'the first line is not an origin');
  check(/^(?:0|[1-9][0-9]{0,15})$/.test(size), 'the second line is not a size');
  check(Number.isSafeInteger(Number(size)), 'the size is too large');
  const rootBytes = decodeBase64(root);
  check(rootBytes.length === HASH_BYTES, 'the third line is not a root');
  // What follows the last newline is empty; extension lines are not.
  check(rest.pop() === '' && rest.every((line) => line !== ''), 'not whole, non-empty lines');
  return { origin, size: Number(size), root: rootBytes };
}

/** The checkpoint as its log publishes it, signed under the origin's name. @throws ProtocolError `CHECKPOINT` */
export function signCheckpoint(
  checkpoint: Checkpoint,
  publicKey: Uint8Array,
  sign: SignNote,
  hash: Hash,
): Promise<string> {
  return signNote(formatCheckpoint(checkpoint), { name: checkpoint.origin, publicKey }, sign, hash);
}

/** The checkpoint in a note that the log itself signed. @throws ProtocolError `CHECKPOINT` */
export async function openCheckpoint(
  note: string,
  log: NoteKey,
  verify: VerifyNote,
  hash: Hash,
): Promise<Checkpoint> {
  const { text } = await openNote(note, [log], verify, hash);
  const checkpoint = parseCheckpoint(text);
  check(checkpoint.origin === log.name, 'a checkpoint of another log');
  return checkpoint;
}
