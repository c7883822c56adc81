import { decodeBase64url, decodeBase64urlText, encodeBase64url } from './base64url.js';
import { utf8 } from './bytes.js';
import { canonicalJson, parseCanonicalJson } from './canonical.js';
import { SIGNATURE_BYTES, isLowS, toLowS, type Sign } from './crypto.js';
import { ProtocolError } from './error.js';

/**
 * Compact JWS (RFC 7515 §7.1) with ES256 in its one spelling: the header is exactly
 * `{"alg":"ES256","kid":…,"typ":…}`, the payload RFC 8785 canonical JSON, every part canonical base64url,
 * S low. Any JOSE library reads and can make it; nothing else is accepted, so two texts that differ are two
 * statements and a signature cannot be respelled.
 */
export interface ParsedJws {
  /** The whole, ASCII. */
  readonly text: string;
  readonly kid: string;
  /** Any JSON value; which one, the caller checks. */
  readonly payload: unknown;
  /** What the signature is over: the ASCII bytes of header and payload, dot included (RFC 7515 §5.1). */
  readonly signingInput: Uint8Array;
  /** 64 bytes r ‖ s, S low. Not verified. */
  readonly signature: Uint8Array;
}

/** Whether `value` may name a key: 1 to 43 base64url characters (43 hold a whole SHA-256 thumbprint). */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,43}$/.test(value);
}

const HEADER_START = '{"alg":"ES256","kid":"';
const headerEnd = (typ: string): string => `","typ":"${typ}"}`;

/** The protected header's JSON; `kid` needs no escaping. */
export function jwsHeader(typ: string, kid: string): string {
  return HEADER_START + kid + headerEnd(typ);
}

function kidOfHeader(header: string, typ: string): string {
  const end = headerEnd(typ);
  const kid = header.slice(HEADER_START.length, header.length - end.length);
  if (!header.startsWith(HEADER_START) || !header.endsWith(end) || !isKeyId(kid)) {
    // Compared as text, not parsed: another alg or typ, crit, jwk, a duplicate or reordered member all end here.
    throw new ProtocolError('JWS', `the header is not exactly alg ES256, kid and typ ${typ}`);
  }
  return kid;
}

/** A JWS whose payload is still the JSON text that was signed, its spelling not checked. */
export interface OpenedJws {
  readonly kid: string;
  readonly json: string;
  /** 64 bytes r ‖ s, S low. Not verified. */
  readonly signature: Uint8Array;
}

/**
 * Takes a JWS of the given `typ` apart, for whoever checks the payload's spelling in a way of his own; all others
 * call {@link parseJws}.
 *
 * @throws ProtocolError `TOO_LARGE`, `JWS`, `BASE64URL`, `UTF8`
 */
export function openJws(text: string, typ: string, maxBytes: number): OpenedJws {
  if (text.length > maxBytes) throw new ProtocolError('TOO_LARGE', `longer than ${maxBytes} bytes`);
  const [header, payload, signature, ...more] = text.split('.');
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0) {
    throw new ProtocolError('JWS', 'not three parts with dots between');
  }
  const kid = kidOfHeader(decodeBase64urlText(header), typ);
  const signatureBytes = decodeBase64url(signature);
  if (signatureBytes.length !== SIGNATURE_BYTES)
    throw new ProtocolError('JWS', 'the signature has not 64 bytes');
  if (!isLowS(signatureBytes)) throw new ProtocolError('JWS', 'the signature has a high S');
  return { kid, json: decodeBase64urlText(payload), signature: signatureBytes };
}

/**
 * Reads a JWS of the given `typ`. The signature is checked for form only: verify `signature` over
 * `signingInput` with the key that `kid` names.
 *
 * @throws ProtocolError `TOO_LARGE`, `JWS`, `BASE64URL`, `UTF8`, `NOT_CANONICAL`
 */
export function parseJws(text: string, typ: string, maxBytes: number): ParsedJws {
  const { kid, json, signature } = openJws(text, typ, maxBytes);
  return { text, kid, payload: parseCanonicalJson(json), signingInput: signingInputOf(text), signature };
}

/** Of a compact JWS: the ASCII bytes of header and payload, dot included (RFC 7515 §5.1). */
export function signingInputOf(text: string): Uint8Array {
  return utf8(text.slice(0, text.lastIndexOf('.')));
}

/**
 * Signs `payload`, any JSON value.
 *
 * @throws ProtocolError `JWS` for a `kid` that is none, `NOT_CANONICAL` for a payload that JSON cannot hold
 */
export async function signJws(typ: string, kid: string, payload: unknown, sign: Sign): Promise<string> {
  if (!isKeyId(kid)) throw new ProtocolError('JWS', 'a key id is 1 to 43 base64url characters');
  const header = encodeBase64url(utf8(jwsHeader(typ, kid)));
  const signed = `${header}.${encodeBase64url(utf8(canonicalJson(payload)))}`;
  const signature = toLowS(await sign(utf8(signed)));
  return `${signed}.${encodeBase64url(signature)}`;
}
