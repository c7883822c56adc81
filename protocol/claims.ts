import { utf8 } from './bytes.js';
import type { Hash, Sign, Verify } from './crypto.js';
import { isDocumentId } from './document-id.js';
import { ProtocolError } from './error.js';
import { longFacts, longSubject, shortFacts, shortSubject, type FactsByKind, type Subject } from './facts.js';
import { parseJws, signJws } from './jws.js';
import { membersOf } from './members.js';
import { DOCUMENT_KINDS, isIssuerId, isUnixSeconds, type DocumentKind } from './statement.js';

/**
 * QR claims: what an issuer signs about a document for people who hold only the paper. A strict compact JWS
 * (see `jws.ts`) of type `spondon-claims+jwt`, printed as `https://<portal>/v#<JWS>`: what follows # never
 * reaches a server by itself. They show that these facts were signed, never that a sheet is genuine.
 */

export const CLAIMS_TYP = 'spondon-claims+jwt';

/** Bytes in a QR code of version 22 at error correction M (ISO/IEC 18004 table 7): the URL must fit. */
export const CLAIMS_URL_MAX_BYTES = 779;

/** What the issuer says of one document; `facts` by `kind`. */
export type Claims = {
  [K in DocumentKind]: {
    readonly iss: string;
    /** Document id, canonical form. */
    readonly jti: string;
    /** Unix seconds. */
    readonly iat: number;
    readonly kind: K;
    readonly subject: Subject;
    readonly facts: FactsByKind[K];
  };
}[DocumentKind];

/** The JWS payload: short names, since every byte is printed. */
export interface ClaimsPayload {
  readonly iss: string;
  readonly jti: string;
  readonly iat: number;
  readonly k: DocumentKind;
  readonly s: Readonly<Record<string, unknown>>;
  readonly c: Readonly<Record<string, unknown>>;
}

/** Claims and their signature's parts. Well-formed; the signature is not verified yet. */
export interface SignedClaims {
  readonly text: string;
  /** Names a key within `claims.iss`, and nowhere else. */
  readonly kid: string;
  readonly claims: Claims;
  readonly signingInput: Uint8Array;
  readonly signature: Uint8Array;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError('CLAIMS', what);
}

interface Envelope {
  readonly iss: string;
  readonly jti: string;
  readonly iat: number;
  readonly kind: DocumentKind;
}

function envelopeOf(iss: unknown, jti: unknown, iat: unknown, kind: unknown): Envelope {
  check(isIssuerId(iss), 'iss is not an issuer id');
  check(isDocumentId(jti), 'jti is not a document id in canonical form');
  check(isUnixSeconds(iat), 'iat is not a time in whole seconds');
  check(DOCUMENT_KINDS.includes(kind as DocumentKind), 'an unknown kind of document');
  return { iss, jti, iat, kind: kind as DocumentKind };
}

/**
 * The payload to sign. Texts are brought into NFC and trimmed; anything else that is wrong is refused.
 *
 * @throws ProtocolError `CLAIMS`, naming the member
 */
export function toClaims(claims: Claims): ClaimsPayload {
  const { kind, ...envelope } = envelopeOf(claims.iss, claims.jti, claims.iat, claims.kind);
  return { ...envelope, k: kind, s: shortSubject(claims.subject), c: shortFacts(kind, claims.facts) };
}

/** The claims in a payload that is in form already, nothing missing and nothing unknown. @throws ProtocolError `CLAIMS` */
export function fromClaims(payload: unknown): Claims {
  const { iss, jti, iat, k, s, c } = membersOf(payload, ['iss', 'jti', 'iat', 'k', 's', 'c'], [], 'CLAIMS');
  const envelope = envelopeOf(iss, jti, iat, k);
  // longFacts gives the facts of exactly this kind, which the type system cannot follow.
  return { ...envelope, subject: longSubject(s), facts: longFacts(envelope.kind, c) } as Claims;
}

function tooLarge(): never {
  throw new ProtocolError(
    'CLAIMS_TOO_LARGE',
    'the claims do not fit a QR code: shorten texts, list fewer drugs',
  );
}

/**
 * The compact JWS. Whether it fits a code depends on the portal too: {@link claimsUrl} tells.
 *
 * @throws ProtocolError `CLAIMS`, `JWS` (the key id), `CLAIMS_TOO_LARGE` for what fits no portal's code
 */
export async function signClaims(claims: Claims, kid: string, sign: Sign): Promise<string> {
  const text = await signJws(CLAIMS_TYP, kid, toClaims(claims), sign);
  return text.length <= CLAIMS_URL_MAX_BYTES ? text : tooLarge();
}

/**
 * Reads claims. Refuses every spelling but the canonical one; the signature is not verified.
 *
 * @throws ProtocolError `CLAIMS`, or what {@link parseJws} throws
 */
export function parseClaims(text: string): SignedClaims {
  const { payload, ...jws } = parseJws(text, CLAIMS_TYP, CLAIMS_URL_MAX_BYTES);
  return { ...jws, claims: fromClaims(payload) };
}

/** Whether the signature is by `publicKey` (65-byte point, see {@link Verify}). */
export function verifyClaims(signed: SignedClaims, publicKey: Uint8Array, verify: Verify): Promise<boolean> {
  return verify(publicKey, signed.signature, signed.signingInput);
}

/** SHA-256 of the JWS's full ASCII text: `claims` of the statement about the same document. 32 bytes. */
export function claimsHash(text: string, hash: Hash): Uint8Array {
  return hash(utf8(text));
}

/** What the QR code holds. `portal` is an origin without a slash at its end. @throws ProtocolError `CLAIMS_TOO_LARGE` */
export function claimsUrl(portal: string, jws: string): string {
  const url = `${portal}/v#${jws}`;
  return utf8(url).length <= CLAIMS_URL_MAX_BYTES ? url : tooLarge();
}

// No @ before the path: `https://portal@evil` would show one host and name another.
const CLAIMS_URL = /^https?:\/\/([^/?#@\s]+)\/v#([\w-]+\.[\w-]+\.[\w-]+)$/;

/**
 * What a scanned code holds, if it is a URL of ours by its form; null when it is something else. The host is
 * whatever the paper says: compare it with the hosts of the trust bundle. The JWS is not parsed.
 */
export function claimsFromUrl(text: string): { host: string; jws: string } | null {
  if (text.length > CLAIMS_URL_MAX_BYTES) return null;
  const [, host, jws] = CLAIMS_URL.exec(text) ?? [];
  return host === undefined || jws === undefined ? null : { host, jws };
}

const LABEL_URL = /^https?:\/\/([^/?#@\s]+)\/d\/([0-9A-Za-z-]{17,21})$/;

/** The label-sized code, `https://<portal>/d/<documentId>`: locates a document, confirms no person. */
export function labelUrl(portal: string, documentId: string): string {
  return `${portal}/d/${documentId}`;
}

/** Host and document id, as written, of a label's URL; null when it is something else. */
export function documentIdFromUrl(text: string): { host: string; documentId: string } | null {
  if (text.length > CLAIMS_URL_MAX_BYTES) return null;
  const [, host, documentId] = LABEL_URL.exec(text) ?? [];
  return host === undefined || documentId === undefined ? null : { host, documentId };
}
