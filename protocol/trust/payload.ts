import { decodeBase64url } from '../base64url.js';
import { publicKeyFromJwk, type EcPublicJwk } from '../crypto.js';
import { ProtocolError } from '../error.js';
import { isKeyId } from '../jws.js';
import { membersOf } from '../members.js';
import { isMspId } from '../records.js';

/** Whom to believe: the signed content of a trust bundle. Times are Unix milliseconds. */
export interface TrustPayload {
  readonly typ: typeof TRUST_TYP;
  /** Counts bundles from 1. */
  readonly version: number;
  /** Last moment at which it may be used. */
  readonly expires: number;
  /** Base64url SHA-256 of the payload before it; null in the first. */
  readonly previous: string | null;
  /** 'embedded': one owner runs everything, and every verdict says so. */
  readonly engine: 'fabric' | 'embedded';
  readonly channel: string;
  /** The contract's versions whose attestations are believed. */
  readonly chaincodes: readonly { readonly name: string; readonly version: string }[];
  /** Hosts of verification pages, as the stamp prints them. */
  readonly hosts: readonly string[];
  readonly msps: readonly TrustedMsp[];
  readonly policy: TrustPolicy;
  /** Whose signatures this bundle bears, every one of them. */
  readonly signers: readonly TrustSigner[];
  /** Signers of the bundle before it that leave with this one: they sign it too, so that it succeeds. */
  readonly outgoing: readonly TrustSigner[];
}

export interface TrustedMsp {
  readonly mspId: string;
  /** Who runs it: two MSPs of one owner are one witness. */
  readonly owner: string;
  /** PEM, one certificate or list each. */
  readonly roots: readonly string[];
  readonly intermediates: readonly string[];
  readonly crls: readonly string[];
  /** Its attestations are believed from then on, and before `until`. */
  readonly from: number;
  readonly until?: number;
}

/** All of `all`, and MSPs of `otherOwners` further owners. */
export interface TrustPolicy {
  readonly all: readonly string[];
  readonly otherOwners: number;
}

export interface TrustSigner {
  readonly kid: string;
  readonly jwk: EcPublicJwk;
}

export const TRUST_TYP = 'spondon-trust/v1';

const HOST = /^(?:\[[0-9a-f:]+\]|[a-z0-9](?:[a-z0-9.-]{0,252}))(?::[0-9]{1,5})?$/;
const MAX_NAME = 200;
const MAX_PEMS = 8;

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError('TRUST_BUNDLE', what);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME;
}

function listOf<T>(value: unknown, read: (item: unknown) => T): T[] {
  check(Array.isArray(value), 'a list is not one');
  return value.map(read);
}

function checkDistinct(names: readonly string[], what: string): void {
  check(new Set(names).size === names.length, `${what} stands twice`);
}

function readText(value: unknown): string {
  check(typeof value === 'string', 'a text is not one');
  return value;
}

function readSigner(value: unknown): TrustSigner {
  const { kid, jwk } = membersOf(value, ['kid', 'jwk'], [], 'TRUST_BUNDLE');
  check(isKeyId(kid), 'a signer without a key id');
  publicKeyFromJwk(jwk);
  return { kid, jwk: jwk as EcPublicJwk };
}

function readMsp(value: unknown): TrustedMsp {
  const names = ['mspId', 'owner', 'roots', 'intermediates', 'crls', 'from'];
  const members = membersOf(value, names, ['until'], 'TRUST_BUNDLE');
  const { mspId, owner, from, until } = members;
  check(isMspId(mspId) && isName(owner), 'an MSP without its id or owner');
  check(isCount(from) && (until === undefined || isCount(until)), 'an MSP without times');
  const roots = listOf(members['roots'], readText);
  const intermediates = listOf(members['intermediates'], readText);
  const crls = listOf(members['crls'], readText);
  check(roots.length > 0, 'an MSP without roots');
  check(
    Math.max(roots.length, intermediates.length, crls.length) <= MAX_PEMS,
    'an MSP with too many certificates',
  );
  return { mspId, owner, roots, intermediates, crls, from, ...(until === undefined ? {} : { until }) };
}

/** A policy that nobody, or anybody, could meet is a mistake: refused here and not found out later. */
function readPolicy(value: unknown, msps: readonly TrustedMsp[]): TrustPolicy {
  const members = membersOf(value, ['all', 'otherOwners'], [], 'TRUST_BUNDLE');
  const all = listOf(members['all'], readText);
  const { otherOwners } = members;
  checkDistinct(all, 'an MSP of the policy');
  check(all.length > 0 && isCount(otherOwners), 'a policy that asks for nobody');
  const owners = new Map(msps.map(({ mspId, owner }) => [mspId, owner]));
  check(
    all.every((mspId) => owners.has(mspId)),
    'a policy that asks for an MSP that is not listed',
  );
  const named = new Set(all.map((mspId) => owners.get(mspId)));
  const others = new Set([...owners.values()].filter((owner) => !named.has(owner)));
  check(others.size >= otherOwners, 'a policy that asks for more owners than there are');
  return { all, otherOwners };
}

function readChaincode(value: unknown): { name: string; version: string } {
  const { name, version } = membersOf(value, ['name', 'version'], [], 'TRUST_BUNDLE');
  check(isName(name) && isName(version), 'a chaincode without name or version');
  return { name, version };
}

/** Whether a bundle can name this host: a domain name or an address in lower case, with a port where it has one. */
export function isHost(value: unknown): value is string {
  return typeof value === 'string' && HOST.test(value);
}

function readHost(value: unknown): string {
  check(isHost(value), 'a host that is none');
  return value;
}

/** The members that say which bundle this is. */
function readHeader(members: Readonly<Record<string, unknown>>) {
  const { typ, version, expires, previous, engine, channel } = members;
  check(typ === TRUST_TYP, `typ is not ${TRUST_TYP}`);
  check(isCount(version) && version > 0 && isCount(expires), 'version and expires are not numbers');
  check(
    previous === null || (isName(previous) && decodeBase64url(previous).length === 32),
    'previous is not a hash',
  );
  check((previous === null) === (version === 1), 'the first bundle, and no other, has none before it');
  check(engine === 'fabric' || engine === 'embedded', 'an unknown engine');
  check(isName(channel), 'channel is not a name');
  return { typ, version, expires, previous, engine, channel } as const;
}

/** @throws ProtocolError `TRUST_BUNDLE`, `PUBLIC_KEY`, `BASE64URL` */
export function parseTrustPayload(value: unknown): TrustPayload {
  const header = ['typ', 'version', 'expires', 'previous', 'engine', 'channel'];
  const lists = ['chaincodes', 'hosts', 'msps', 'policy', 'signers', 'outgoing'];
  const members = membersOf(value, [...header, ...lists], [], 'TRUST_BUNDLE');
  const msps = listOf(members['msps'], readMsp);
  checkDistinct(
    msps.map(({ mspId }) => mspId),
    'an MSP',
  );
  const signers = listOf(members['signers'], readSigner);
  const outgoing = listOf(members['outgoing'], readSigner);
  check(signers.length > 0, 'a bundle that nobody signs');
  const everySigner = [...signers, ...outgoing];
  checkDistinct(
    everySigner.map(({ kid }) => kid),
    'a key id',
  );
  // One key under two names would pass for two signers.
  checkDistinct(
    everySigner.map(({ jwk }) => jwk.x),
    'a key',
  );
  return {
    ...readHeader(members),
    chaincodes: listOf(members['chaincodes'], readChaincode),
    hosts: listOf(members['hosts'], readHost),
    msps,
    policy: readPolicy(members['policy'], msps),
    signers,
    outgoing,
  };
}
