import { decodeBase64url } from './base64url.js';
import type { Sign, Verify } from './crypto.js';
import { notCanonical, parseJson } from './canonical.js';
import { isDocumentId } from './document-id.js';
import { ProtocolError } from './error.js';
import { openJws, signingInputOf, signJws } from './jws.js';
import { membersOf } from './members.js';

/**
 * What an issuer signs about a document: that it issued it, or that it no longer stands by it. A strict
 * compact JWS (see `jws.ts`) of type `spondon-statement+jwt`; no name, no patient, no diagnosis.
 */

export const STATEMENT_TYP = 'spondon-statement+jwt';
/** Longest statement, in bytes of its ASCII text. */
export const STATEMENT_MAX_BYTES = 2048;

/** In the order of their codes in the packed form: append only. */
export const DOCUMENT_KINDS = ['prescription', 'report', 'slip', 'certificate'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** In the order of their codes in the packed form: append only. */
export const REVOCATION_REASONS = ['error', 'fraud', 'withdrawn', 'superseded'] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

export interface IssueStatement {
  readonly op: 'issue';
  /** Issuer id: the facility's registry code. */
  readonly iss: string;
  /** Unix seconds, by the issuer's clock: informative. Since when a document stands is the entry's time. */
  readonly iat: number;
  /** Document id, canonical form. */
  readonly jti: string;
  readonly kind: DocumentKind;
  /** Base64url SHA-256 of the exact bytes handed to the patient. */
  readonly sha256: string;
  /** Base64url SHA-256 of the full ASCII of the document's QR claims JWS. */
  readonly claims: string;
  /** Unix seconds from which on the document has expired; after `iat`. */
  readonly exp?: number;
}

export interface RevokeStatement {
  readonly op: 'revoke';
  readonly iss: string;
  readonly iat: number;
  /** The document that no longer stands. */
  readonly jti: string;
  readonly reason: RevocationReason;
  /** The replacement, another document of the same issuer; exactly when `reason` is `superseded`. */
  readonly by?: string;
}

export type Statement = IssueStatement | RevokeStatement;

/** A statement and its signature's parts. Well-formed; the signature is not verified yet. */
export interface SignedStatement {
  /** The compact JWS: what is anchored, byte for byte. */
  readonly text: string;
  /** Names a key within `statement.iss`, and nowhere else. */
  readonly kid: string;
  readonly statement: Statement;
  /** 64 bytes r ‖ s, S low. May share memory with others of its batch: never write to it. */
  readonly signature: Uint8Array;
}

const MAX_ISSUER_ID = 64;

/** Whether `value` is an issuer id such as `bd.dghs.10012345`. */
export function isIssuerId(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= MAX_ISSUER_ID &&
    /^[a-z0-9]+(?:\.[a-z0-9-]+){1,7}$/.test(value)
  );
}

/** 9999-12-31T23:59:59Z: later times have no four-digit year to print. */
const MAX_SECONDS = 253_402_300_799;

/** Whether `value` is a time in whole Unix seconds that has a four-digit year. */
export function isUnixSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_SECONDS;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError('STATEMENT', what);
}

function checkHash(value: unknown, name: string): asserts value is string {
  check(typeof value === 'string' && value.length === 43, `${name} is not a base64url SHA-256`);
  decodeBase64url(value);
}

function isOneOf<T extends string>(list: readonly T[], value: unknown): value is T {
  return list.includes(value as T);
}

/** The members that every statement has besides `op`. */
function subjectOf({ iss, iat, jti }: Readonly<Record<string, unknown>>): {
  iss: string;
  iat: number;
  jti: string;
} {
  check(isIssuerId(iss), 'iss is not an issuer id');
  check(isUnixSeconds(iat), 'iat is not a time in whole seconds');
  check(isDocumentId(jti), 'jti is not a document id in canonical form');
  return { iss, iat, jti };
}

function issueOf(payload: unknown): IssueStatement {
  const required = ['op', 'iss', 'iat', 'jti', 'kind', 'sha256', 'claims'];
  const members = membersOf(payload, required, ['exp'], 'STATEMENT');
  const { kind, sha256, claims, exp } = members;
  const subject = subjectOf(members);
  check(isOneOf(DOCUMENT_KINDS, kind), 'an unknown kind of document');
  checkHash(sha256, 'sha256');
  checkHash(claims, 'claims');
  const statement = { op: 'issue', ...subject, kind, sha256, claims } as const;
  if (exp === undefined) return statement;
  check(isUnixSeconds(exp) && exp > subject.iat, 'exp is not a time after iat');
  return { ...statement, exp };
}

function revokeOf(payload: unknown): RevokeStatement {
  const members = membersOf(payload, ['op', 'iss', 'iat', 'jti', 'reason'], ['by'], 'STATEMENT');
  const { reason, by } = members;
  const subject = subjectOf(members);
  check(isOneOf(REVOCATION_REASONS, reason), 'an unknown reason for revoking');
  check((by !== undefined) === (reason === 'superseded'), 'by stands exactly beside the reason superseded');
  const statement = { op: 'revoke', ...subject, reason } as const;
  if (by === undefined) return statement;
  check(isDocumentId(by), 'by is not a document id in canonical form');
  check(by !== subject.jti, 'a document cannot replace itself');
  return { ...statement, by };
}

/** The statement in a JSON value, nothing missing and nothing unknown. @throws ProtocolError */
function statementOf(payload: unknown): Statement {
  const op = typeof payload === 'object' && payload !== null && 'op' in payload ? payload.op : undefined;
  if (op === 'issue') return issueOf(payload);
  if (op === 'revoke') return revokeOf(payload);
  throw new ProtocolError('STATEMENT', 'op is neither issue nor revoke');
}

/** RFC 8785 JSON of a valid statement, none of whose values needs escaping: its members in sorted order. */
export function statementJson(statement: Statement): string {
  const { iat, iss, jti } = statement;
  if (statement.op === 'issue') {
    const { claims, exp, kind, sha256 } = statement;
    const expires = exp === undefined ? '' : `"exp":${exp},`;
    return `{"claims":"${claims}",${expires}"iat":${iat},"iss":"${iss}","jti":"${jti}","kind":"${kind}","op":"issue","sha256":"${sha256}"}`;
  }
  const { by, reason } = statement;
  const replacement = by === undefined ? '' : `"by":"${by}",`;
  return `{${replacement}"iat":${iat},"iss":"${iss}","jti":"${jti}","op":"revoke","reason":"${reason}"}`;
}

/**
 * Reads a statement. Refuses every spelling but the canonical one; the signature is not verified, nor is
 * anything compared with a clock or a registry.
 *
 * @throws ProtocolError `STATEMENT`, `NOT_CANONICAL`, or what {@link openJws} throws
 */
export function parseStatement(text: string): SignedStatement {
  const { kid, json, signature } = openJws(text, STATEMENT_TYP, STATEMENT_MAX_BYTES);
  const statement = statementOf(parseJson(json));
  // A valid statement's canonical JSON, which is sooner written than that of any value.
  if (statementJson(statement) !== json) throw notCanonical();
  return { text, kid, statement, signature };
}

/** The compact JWS of a statement. @throws ProtocolError `STATEMENT`, `JWS` (the key id) */
export async function signStatement(statement: Statement, kid: string, sign: Sign): Promise<string> {
  return signJws(STATEMENT_TYP, kid, statementOf(statement), sign);
}

/** Whether the signature is by `publicKey` (65-byte point, see {@link Verify}). */
export function verifyStatement(
  signed: SignedStatement,
  publicKey: Uint8Array,
  verify: Verify,
): Promise<boolean> {
  return verify(publicKey, signed.signature, signingInputOf(signed.text));
}
