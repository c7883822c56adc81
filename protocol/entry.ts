import { fromAscii } from './bytes.js';
import { ProtocolError } from './error.js';

/**
 * A log entry: anchoring time (8 bytes, big-endian, Unix ms) ‖ the statement's ASCII bytes. The time is
 * under the inclusion proof, as in Certificate Transparency (RFC 9162 §4.6).
 */
export interface Entry {
  /** Unix ms. */
  readonly at: number;
  /** A statement's compact JWS; ASCII, otherwise not checked here. */
  readonly text: string;
}

export const TIME_BYTES = 8;
/** 9999-12-31T23:59:59.999Z, as for the times inside statements. */
const MAX_TIME = 253_402_300_799_999;

const encoder = new TextEncoder();

/** @throws ProtocolError `ENTRY` for a time that is no whole number of ms, or a text that is empty or not ASCII */
export function encodeEntry(at: number, statementText: string): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES + statementText.length);
  writeEntry(encodeTime(at), statementText, bytes);
  return bytes;
}

/**
 * The entry of each of many statements, beside it. They share one array's memory, because an array for each would cost
 * more than writing it.
 *
 * @throws ProtocolError `ENTRY`, as {@link encodeEntry}
 */
export function encodeEntries<Signed extends { readonly text: string }>(
  at: number,
  statements: readonly Signed[],
): { readonly entry: Uint8Array; readonly signed: Signed }[] {
  const time = encodeTime(at);
  const bytes = new Uint8Array(statements.reduce((sum, { text }) => sum + TIME_BYTES + text.length, 0));
  let end = 0;
  return statements.map((signed) => {
    const entry = bytes.subarray(end, (end += TIME_BYTES + signed.text.length));
    writeEntry(time, signed.text, entry);
    return { entry, signed };
  });
}

/** The first bytes of an entry. @throws ProtocolError `ENTRY`, as {@link encodeEntry} */
export function encodeTime(at: number): Uint8Array {
  if (!Number.isSafeInteger(at) || at < 0 || at > MAX_TIME) {
    throw new ProtocolError('ENTRY', 'the time is not a whole number of milliseconds');
  }
  const time = new DataView(new ArrayBuffer(TIME_BYTES));
  time.setUint32(0, Math.floor(at / 2 ** 32));
  time.setUint32(4, at % 2 ** 32);
  return new Uint8Array(time.buffer);
}

/** Fills `entry`, which has the right length. */
function writeEntry(time: Uint8Array, statementText: string, entry: Uint8Array): void {
  entry.set(time);
  const { read } = encoder.encodeInto(statementText, entry.subarray(TIME_BYTES));
  // Any character but an ASCII one takes more than its byte, and then not all are read.
  if (read !== statementText.length || read === 0) {
    throw new ProtocolError('ENTRY', 'the statement is not ASCII text');
  }
}

/** @throws ProtocolError `ENTRY` */
export function decodeEntry(bytes: Uint8Array): Entry {
  if (bytes.length <= TIME_BYTES) throw new ProtocolError('ENTRY', 'too short for an entry');
  const time = new DataView(bytes.buffer, bytes.byteOffset, TIME_BYTES);
  const at = time.getUint32(0) * 2 ** 32 + time.getUint32(4);
  if (at > MAX_TIME) throw new ProtocolError('ENTRY', 'a time beyond the year 9999');
  for (let i = TIME_BYTES; i < bytes.length; i++) {
    if ((bytes[i] ?? 0) > 0x7f) throw new ProtocolError('ENTRY', 'the statement is not ASCII text');
  }
  return { at, text: fromAscii(bytes.subarray(TIME_BYTES)) };
}
