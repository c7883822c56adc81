import { fromUtf8 } from '../bytes.js';
import { parseCanonicalJson } from '../canonical.js';
import { isDocumentId } from '../document-id.js';
import { ProtocolError } from '../error.js';
import { membersOf } from '../members.js';
import {
  isMspId,
  parseIssuer,
  parseLogHead,
  parseStatus,
  type Issuer,
  type LogHead,
  type Status,
} from '../records.js';
import { isIssuerId } from '../statement.js';

/** What the contract's read `Attest` answers: a part of the channel's state, as the peer that ran it held it. */
export interface AttestedState {
  readonly channel: string;
  /** Time of the proposal, Unix ms: the client's word. */
  readonly time: number;
  /** The channel's last tick, Unix ms: what the statuses are 'as of'. */
  readonly clock: number;
  readonly heads: readonly (LogHead & { readonly mspId: string })[];
  readonly statuses: readonly {
    readonly iss: string;
    readonly jti: string;
    readonly status: Status | null;
  }[];
  readonly issuers: readonly (Issuer & { readonly iss: string })[];
}

/** No other function of the contract returns this `typ`. */
export const ATTESTATION_TYP = 'spondon-attestation/v1';

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError('ATTESTATION', what);
}

function listOf<T>(value: unknown, read: (item: unknown) => T, nameOf: (item: T) => string): T[] {
  check(Array.isArray(value), 'a list is not one');
  const items = value.map(read);
  check(new Set(items.map(nameOf)).size === items.length, 'two answers to one question');
  return items;
}

function readHead(value: unknown): AttestedState['heads'][number] {
  const { mspId, ...head } = membersOf(value, ['mspId', 'n', 'size', 'root', 'at'], [], 'ATTESTATION');
  check(isMspId(mspId), 'a head without an MSP');
  return { mspId, ...parseLogHead(head) };
}

function readStatus(value: unknown): AttestedState['statuses'][number] {
  const { iss, jti, status } = membersOf(value, ['iss', 'jti', 'status'], [], 'ATTESTATION');
  check(isIssuerId(iss) && isDocumentId(jti), 'a status of no document');
  return { iss, jti, status: status === null ? null : parseStatus(status) };
}

function readIssuer(value: unknown): AttestedState['issuers'][number] {
  check(typeof value === 'object' && value !== null && 'iss' in value, 'an issuer without its id');
  const { iss, ...issuer } = value;
  check(isIssuerId(iss), 'an issuer without its id');
  return { iss, ...parseIssuer(issuer) };
}

/**
 * Reads the canonical JSON that `Attest` returned.
 *
 * @throws ProtocolError `ATTESTATION`, `NOT_CANONICAL`, `UTF8`, and what the record formats throw
 */
export function parseAttestedState(result: Uint8Array): AttestedState {
  const names = ['typ', 'channel', 'time', 'clock', 'heads', 'statuses', 'issuers'];
  const members = membersOf(parseCanonicalJson(fromUtf8(result)), names, [], 'ATTESTATION');
  const { typ, channel, time, clock } = members;
  check(typ === ATTESTATION_TYP, `typ is not ${ATTESTATION_TYP}`);
  check(typeof channel === 'string', 'channel is not a name');
  check(typeof time === 'number' && Number.isSafeInteger(time) && time >= 0, 'time is not a time');
  check(typeof clock === 'number' && Number.isSafeInteger(clock) && clock >= 0, 'clock is not a time');
  return {
    channel,
    time,
    clock,
    heads: listOf(members['heads'], readHead, ({ mspId, n }) => `${mspId}/${n}`),
    statuses: listOf(members['statuses'], readStatus, ({ iss, jti }) => `${iss}/${jti}`),
    issuers: listOf(members['issuers'], readIssuer, ({ iss }) => iss),
  };
}
