import { fromUtf8 } from '@spondon/protocol/bytes';
import { isMspId } from '@spondon/protocol/records';
import { Refusal, refusing } from '../refusal.js';

/** Reads values that a client wrote. Everything here throws `ARGUMENT` unless the value is exactly what is named. */

const DECIMAL = /^(0|[1-9][0-9]{0,14})$/;

/** Text of an argument, strictly UTF-8. */
export function utf8Text(bytes: Uint8Array): string {
  return refusing('ARGUMENT', () => fromUtf8(bytes));
}

export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(utf8Text(bytes));
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal('ARGUMENT', `${what} is not JSON`);
  }
}

/** An object with exactly these members, none missing and none more. */
export function exactObject<Name extends string>(
  value: unknown,
  names: readonly Name[],
  what: string,
): Record<Name, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal('ARGUMENT', `${what} is not an object`);
  }
  const present = Object.keys(value);
  if (present.length !== names.length || !names.every((name) => Object.hasOwn(value, name))) {
    throw new Refusal('ARGUMENT', `${what} must have exactly the members ${names.join(', ')}`);
  }
  return value as Record<Name, unknown>;
}

export function array(value: unknown, what: string, atMost: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new Refusal('ARGUMENT', `${what} is not an array`);
  if (value.length > atMost) throw new Refusal('ARGUMENT', `${what} has more than ${atMost} elements`);
  return value;
}

/** For text that people read or that is looked up: NFC, trimmed, no control characters, 1 to `atMost` code units. */
export function text(value: unknown, what: string, atMost: number): string {
  if (typeof value !== 'string' || value === '' || value.length > atMost) {
    throw new Refusal('ARGUMENT', `${what} must be text of 1 to ${atMost} characters`);
  }
  if (value.normalize('NFC') !== value || value.trim() !== value || /\p{Cc}|\p{Cs}/u.test(value)) {
    throw new Refusal('ARGUMENT', `${what} must be NFC, trimmed and without control characters`);
  }
  return value;
}

/** Text of any content, for what is checked further where it is used. */
export function string(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Refusal('ARGUMENT', `${what} is not a string`);
  return value;
}

export function natural(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new Refusal('ARGUMENT', `${what} is not a whole number from 0`);
  }
  return value;
}

export function oneOf<Choice extends string>(
  value: unknown,
  choices: readonly Choice[],
  what: string,
): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw new Refusal('ARGUMENT', `${what} must be one of ${choices.join(', ')}`);
  return choice;
}

export function mspId(value: unknown, what: string): string {
  if (!isMspId(value)) throw new Refusal('ARGUMENT', `${what} is not an MSP identifier`);
  return value;
}

/** A number in decimal without leading zeros. */
export function decimal(bytes: Uint8Array, what: string): number {
  const digits = utf8Text(bytes);
  if (!DECIMAL.test(digits)) throw new Refusal('ARGUMENT', `${what} is not a decimal number`);
  return Number(digits);
}
