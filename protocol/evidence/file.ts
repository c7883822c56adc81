import type { Attestation } from '../attestation.js';
import { decodeBase64url, encodeBase64url } from '../base64url.js';
import { canonicalJson, parseCanonicalJson } from '../canonical.js';
import { ProtocolError } from '../error.js';
import { membersOf } from '../members.js';
import { isMspId } from '../records.js';

/**
 * Evidence file: one record, its place in a log, and what organisations signed about that log. RFC 8785
 * canonical JSON, byte strings in base64url, no member more or less, so that it has one spelling.
 */
export interface Evidence {
  readonly channel: string;
  /** Whose log. */
  readonly mspId: string;
  readonly entry: Uint8Array;
  readonly index: number;
  /** Of the tree that the path and the attested head are of. */
  readonly size: number;
  /** Inclusion path (RFC 9162 §2.1.3), nearest sibling first. */
  readonly path: readonly Uint8Array[];
  readonly attestation: Attestation;
}

export const EVIDENCE_MEDIA_TYPE = 'application/vnd.spondon.evidence+json';
const EVIDENCE_TYP = 'spondon-evidence/v1';
/** An attestation of 500 documents fits. */
const MAX_CHARACTERS = 1024 * 1024;

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError('EVIDENCE', what);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readBytes(value: unknown): Uint8Array {
  check(typeof value === 'string', 'bytes are not base64url text');
  return decodeBase64url(value);
}

function readAttestation(value: unknown): Attestation {
  const { payload, endorsements } = membersOf(value, ['payload', 'endorsements'], [], 'EVIDENCE');
  check(Array.isArray(endorsements), 'endorsements are not a list');
  return {
    payload: readBytes(payload),
    endorsements: endorsements.map((item: unknown) => {
      const { endorser, signature } = membersOf(item, ['endorser', 'signature'], [], 'EVIDENCE');
      return { endorser: readBytes(endorser), signature: readBytes(signature) };
    }),
  };
}

/** The file's text. */
export function formatEvidence(evidence: Evidence): string {
  const { channel, mspId, entry, index, size, path, attestation } = evidence;
  return canonicalJson({
    typ: EVIDENCE_TYP,
    channel,
    mspId,
    entry: encodeBase64url(entry),
    index,
    size,
    path: path.map(encodeBase64url),
    attestation: {
      payload: encodeBase64url(attestation.payload),
      endorsements: attestation.endorsements.map(({ endorser, signature }) => ({
        endorser: encodeBase64url(endorser),
        signature: encodeBase64url(signature),
      })),
    },
  });
}

/** Whether a text means to be an evidence file, sound or not: whoever brings one wants to hear about it. */
export function isEvidence(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false;
  try {
    return (JSON.parse(text) as { readonly typ?: unknown }).typ === EVIDENCE_TYP;
  } catch {
    return false;
  }
}

/**
 * Reads an evidence file. Attacker-controlled; only the form is checked.
 *
 * @throws ProtocolError `EVIDENCE`, `TOO_LARGE`, `NOT_CANONICAL`, `BASE64URL`
 */
export function parseEvidence(text: string): Evidence {
  if (text.length > MAX_CHARACTERS)
    throw new ProtocolError('TOO_LARGE', 'an evidence file of more than 1 MiB');
  const names = ['typ', 'channel', 'mspId', 'entry', 'index', 'size', 'path', 'attestation'];
  const members = membersOf(parseCanonicalJson(text), names, [], 'EVIDENCE');
  const { typ, channel, mspId, entry, index, size, path, attestation } = members;
  check(typ === EVIDENCE_TYP, `typ is not ${EVIDENCE_TYP}`);
  check(typeof channel === 'string' && isMspId(mspId), 'channel or mspId is not a name');
  check(isCount(index) && isCount(size), 'index or size is not a count');
  check(Array.isArray(path), 'path is not a list');
  return {
    channel,
    mspId,
    entry: readBytes(entry),
    index,
    size,
    path: path.map(readBytes),
    attestation: readAttestation(attestation),
  };
}
