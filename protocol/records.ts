import { decodeBase64url } from './base64url.js';
import { publicKeyFromJwk, type EcPublicJwk } from './crypto.js';
import { isDocumentId } from './document-id.js';
import { ProtocolError } from './error.js';
import { isKeyId } from './jws.js';
import { membersOf } from './members.js';
import { REVOCATION_REASONS, type RevocationReason } from './statement.js';

/**
 * World state of the `records` channel: what the contract writes, followers read and attestations carry.
 * Values are RFC 8785 canonical JSON in UTF-8; times are Unix milliseconds; hashes are base64url.
 */

/** A key of an issuer. Never removed: a statement is judged by the keys of its anchoring time. */
export interface IssuerKey {
  readonly kid: string;
  readonly jwk: EcPublicJwk;
  /** First moment at which it may anchor. */
  readonly from: number;
  /** First moment at which it no longer may; may lie in the past of the transaction that set it. */
  readonly until?: number;
  readonly why?: 'rotated' | 'compromised';
}

export const ISSUER_KINDS = ['hospital', 'diagnostic', 'clinic', 'regulator'] as const;
export type IssuerKind = (typeof ISSUER_KINDS)[number];

/** `issuer/<iss>` */
export interface Issuer {
  readonly name: string;
  readonly kind: IssuerKind;
  readonly mspId: string;
  readonly licence: string;
  readonly telephone: string;
  readonly keys: readonly IssuerKey[];
  readonly state: 'admitted' | 'suspended';
  /** When `state` last changed. */
  readonly since: number;
}

/** `head/<mspId>/<n mod 1024>`: a tree head (RFC 9162 §4.10) after the n-th append. */
export interface LogHead {
  readonly n: number;
  readonly size: number;
  readonly root: string;
  /** Time of the last entry. */
  readonly at: number;
}

/** `log/<mspId>`: the present head, with the perfect-subtree roots that appending needs, largest first. */
export interface LogState extends LogHead {
  readonly frontier: readonly string[];
}

/** `status/<iss>/<jti>`: exists once the document was revoked. */
export interface Status {
  readonly reason: RevocationReason;
  /** The replacement, exactly when `reason` is `superseded`. */
  readonly by?: string;
  /** Entry time of the revocation. */
  readonly at: number;
  /** Index of the revocation in the log of `mspId`. */
  readonly index: number;
  readonly mspId: string;
  /** When the regulators annulled the revocation: the document stands again. */
  readonly annulled?: number;
}

/** `clock`: the channel's last tick. */
export interface Clock {
  readonly at: number;
}

/** `config` */
export interface Config {
  /** MSPs whose votes decide about issuers. */
  readonly regulators: readonly string[];
}

/** `vote/<SHA-256 of the canonical action, hex>` */
export interface Vote {
  readonly voters: readonly string[];
}

/** How many heads of a log stay readable. */
export const HEAD_RING = 1024;

export const CLOCK_KEY = 'clock';
export const CONFIG_KEY = 'config';
export const logKey = (mspId: string): string => `log/${mspId}`;
export const headKey = (mspId: string, n: number): string => `head/${mspId}/${n % HEAD_RING}`;
export const statusKey = (iss: string, jti: string): string => `status/${iss}/${jti}`;
export const issuerKey = (iss: string): string => `issuer/${iss}`;
export const voteKey = (actionHash: string): string => `vote/${actionHash}`;

/** An MSP id as we admit it: without the slash that separates the parts of a key. */
export function isMspId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value);
}

/** The issuer's key named `kid`, whether or not it is good at any time; null when there is none. */
export function keyOf(issuer: Issuer, kid: string): IssuerKey | null {
  return issuer.keys.find((key) => key.kid === kid) ?? null;
}

/**
 * The key `kid` when it was good for a statement anchored at `at` (ms): from <= at < until. Null when it
 * was not, or does not exist; {@link keyOf} tells which.
 */
export function keyValidAt(issuer: Issuer, kid: string, at: number): IssuerKey | null {
  const key = keyOf(issuer, kid);
  return key !== null && key.from <= at && (key.until === undefined || at < key.until) ? key : null;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError('RECORD', what);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && value.length === 43 && decodeBase64url(value).length === 32;
}

function parseIssuerKey(value: unknown): IssuerKey {
  const { kid, jwk, from, until, why } = membersOf(value, ['kid', 'jwk', 'from'], ['until', 'why'], 'RECORD');
  check(isKeyId(kid), 'a key id is not one');
  publicKeyFromJwk(jwk);
  check(isCount(from), 'from is not a time');
  check((until === undefined) === (why === undefined), 'until and why come together');
  check(until === undefined || isCount(until), 'until is not a time');
  check(
    why === undefined || why === 'rotated' || why === 'compromised',
    'an unknown reason for ending a key',
  );
  return {
    kid,
    jwk: jwk as EcPublicJwk,
    from,
    ...(until === undefined ? {} : { until }),
    ...(why === undefined ? {} : { why }),
  };
}

/** @throws ProtocolError `RECORD` (or `PUBLIC_KEY`, `BASE64URL` for a key in it) */
export function parseIssuer(value: unknown): Issuer {
  const names = ['name', 'kind', 'mspId', 'licence', 'telephone', 'keys', 'state', 'since'];
  const { name, kind, mspId, licence, telephone, keys, state, since } = membersOf(value, names, [], 'RECORD');
  check(typeof name === 'string' && name !== '', 'an issuer has a name');
  check(ISSUER_KINDS.includes(kind as IssuerKind), 'an unknown kind of issuer');
  check(isMspId(mspId), 'mspId is not an MSP id');
  check(typeof licence === 'string' && typeof telephone === 'string', 'licence and telephone are texts');
  check(Array.isArray(keys) && keys.length > 0, 'an issuer has keys');
  check(state === 'admitted' || state === 'suspended', 'an unknown state of an issuer');
  check(isCount(since), 'since is not a time');
  const parsed = keys.map(parseIssuerKey);
  check(new Set(parsed.map((key) => key.kid)).size === parsed.length, 'two keys share a key id');
  return { name, kind: kind as IssuerKind, mspId, licence, telephone, keys: parsed, state, since };
}

/** @throws ProtocolError `RECORD` (or `BASE64URL`) */
export function parseLogHead(value: unknown): LogHead {
  const { n, size, root, at } = membersOf(value, ['n', 'size', 'root', 'at'], [], 'RECORD');
  check(isCount(n) && isCount(size) && isCount(at), 'n, size and at are counts');
  check(isHash(root), 'root is not a SHA-256 hash');
  return { n, size, root, at };
}

/** @throws ProtocolError `RECORD` (or `BASE64URL`) */
export function parseLogState(value: unknown): LogState {
  const names = ['n', 'size', 'root', 'at', 'frontier'];
  const { frontier, ...head } = membersOf(value, names, [], 'RECORD');
  check(Array.isArray(frontier) && frontier.every(isHash), 'frontier is not a list of hashes');
  return { ...parseLogHead(head), frontier };
}

/** @throws ProtocolError `RECORD` */
export function parseStatus(value: unknown): Status {
  const required = ['reason', 'at', 'index', 'mspId'];
  const { reason, by, at, index, mspId, annulled } = membersOf(value, required, ['by', 'annulled'], 'RECORD');
  check(REVOCATION_REASONS.includes(reason as RevocationReason), 'an unknown reason');
  check((by !== undefined) === (reason === 'superseded'), 'by stands exactly beside superseded');
  check(by === undefined || isDocumentId(by), 'by is not a document id');
  check(isCount(at) && isCount(index) && isMspId(mspId), 'at, index and mspId say where it was anchored');
  check(annulled === undefined || isCount(annulled), 'annulled is not a time');
  return {
    reason: reason as RevocationReason,
    ...(by === undefined ? {} : { by }),
    at,
    index,
    mspId,
    ...(annulled === undefined ? {} : { annulled }),
  };
}
