import { RawString } from './value.js';

/** A string of printable ASCII, such as a name or a date. */
export function asciiString(text: string): RawString {
  if (!/^[ -~]*$/.test(text)) throw new TypeError('not printable ASCII');
  return new RawString(Buffer.from(`(${text.replaceAll(/[\\()]/g, (c) => `\\${c}`)})`));
}

/** A text string of any characters: UTF-16 with its byte order mark (ISO 32000-2, 7.9.2.2). */
export function textString(text: string): RawString {
  return new RawString(Buffer.from(`<${utf16Hex(text)}>`));
}

/** ISO 32000-2, 7.9.4. `at`: Unix ms. */
export function dateString(at: number): RawString {
  return asciiString(`D:${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`);
}

/** The hexadecimal digits of such a string. */
export function utf16Hex(text: string): string {
  return Buffer.from(`\ufeff${text}`, 'utf16le').swap16().toString('hex');
}
