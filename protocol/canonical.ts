import { ProtocolError } from './error.js';

/** JSON Canonicalization Scheme, RFC 8785: one text per value. */

/** Deeper values are refused: none of our formats comes near, and a hostile one must not exhaust the stack. */
const MAX_DEPTH = 64;

// In a `u` pattern a surrogate matches only when it stands alone.
const LONE_SURROGATE = /\p{Surrogate}/u;

function refuse(what: string): never {
  throw new ProtocolError('NOT_CANONICAL', `${what} has no canonical JSON form`);
}

/** Printable ASCII without quote and backslash: nearly all there is to encode, and nothing to escape in it. */
const PLAIN = /^[ !#-[\]-~]*$/;

function stringJson(text: string): string {
  if (PLAIN.test(text)) return '"' + text + '"';
  if (LONE_SURROGATE.test(text)) refuse('a lone surrogate');
  return JSON.stringify(text);
}

function objectJson(value: object, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuse('an object of a class');
  const members = value as Readonly<Record<string, unknown>>;
  // Joined with +, which defers the copying: templates take twice as long, and this runs for every statement.
  let text = '';
  // The default order of strings is that of their UTF-16 code units, as RFC 8785 §3.2.3 asks.
  for (const name of Object.keys(members).sort()) {
    text += (text === '' ? '' : ',') + stringJson(name) + ':' + encode(members[name], depth + 1);
  }
  return '{' + text + '}';
}

function arrayJson(items: readonly unknown[], depth: number): string {
  let text = '';
  // Iterating gives undefined for a hole, which is then refused.
  for (const item of items) text += (text === '' ? '' : ',') + encode(item, depth + 1);
  return '[' + text + ']';
}

function encode(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) refuse('a value nested this deep');
  switch (typeof value) {
    case 'string':
      return stringJson(value);
    case 'number':
      // ECMAScript's own number format is the canonical one, RFC 8785 §3.2.2.3.
      return Number.isFinite(value) ? JSON.stringify(value) : refuse('a number that is not finite');
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) {
        return arrayJson(value, depth);
      }
      return objectJson(value, depth);
    default:
      return refuse(typeof value);
  }
}

/**
 * The canonical text of a JSON value: members sorted by UTF-16 code units, no white space, shortest
 * escapes, ECMAScript numbers.
 *
 * @throws ProtocolError `NOT_CANONICAL` for what JSON cannot hold: `undefined` (as a member too), NaN,
 * infinities, bigint, functions, lone surrogates, instances of classes, cycles
 */
export function canonicalJson(value: unknown): string {
  return encode(value, 0);
}

/** What is written once more and comes out different. */
export function notCanonical(): ProtocolError {
  return new ProtocolError('NOT_CANONICAL', 'JSON, but not in its canonical spelling (RFC 8785)');
}

/** The value of a JSON text in any spelling. @throws ProtocolError `NOT_CANONICAL` when it is none */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The engine's message quotes the text, which may be personal: it stays in `cause`, out of ours.
    throw new ProtocolError('NOT_CANONICAL', 'not JSON', { cause });
  }
}

/**
 * The value of a text that is canonical already: duplicate members, white space, another order, another
 * spelling of a number or string, and numbers that a double cannot hold exactly are all refused, because
 * encoding the value again would not give the same text.
 *
 * @throws ProtocolError `NOT_CANONICAL`
 */
export function parseCanonicalJson(text: string): unknown {
  const value = parseJson(text);
  if (canonicalJson(value) !== text) throw notCanonical();
  return value;
}
