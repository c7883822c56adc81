import { ProtocolError } from './error.js';

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF in the text: dropping it would give two spellings one reading.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The parts one after the other, in a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Same length and same bytes. Not constant-time: nothing compared with it is secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += hexOfByte[byte] ?? '';
  return text;
}

/** Bytes of hexadecimal text, either case, since people type it. @throws ProtocolError `HEX` */
export function fromHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) {
    throw new ProtocolError('HEX', 'not pairs of hexadecimal digits');
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digitAt(text, 2 * i) << 4) | digitAt(text, 2 * i + 1);
  return bytes;
}

/** Of a hexadecimal digit: in ASCII, 0 to 9 end in their value, and A to F in either case in 1 to 6. */
function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return (code & 15) + (code > 64 ? 9 : 0);
}

/** UTF-8 of a well-formed string (a lone surrogate would come out as U+FFFD; canonical JSON has none). */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of strictly valid UTF-8, a byte order mark kept. @throws ProtocolError `UTF8` */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ProtocolError('UTF8', 'not valid UTF-8', { cause });
  }
}

// Not fatal: a strict decoder is slower, and its callers have written or checked the bytes themselves.
const asciiDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The string of bytes that the caller knows to be ASCII, one character each; anything else is garbled. */
export function fromAscii(bytes: Uint8Array): string {
  return asciiDecoder.decode(bytes);
}
