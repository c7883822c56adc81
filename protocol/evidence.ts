import { verifyAttestation, type Attestation } from './attestation.js';
import { decodeBase64url, encodeBase64url } from './base64url.js';
import { canonicalJson, parseCanonicalJson } from './canonical.js';
import type { Hash, Verify } from './crypto.js';
import { ProtocolError } from './error.js';
import { provenRecord, readIssue, refuseHead, rootOf, type ProvenRecord } from './evidence/steps.js';
import { membersOf } from './members.js';
import { isMspId } from './records.js';
import type { TrustBundle } from './trust.js';
import { checkRecord, checksWithoutRecord } from './verdict.js';
import { checkOf, type Check } from './verdict/codes.js';
import type { Lookup } from './verdict/finding.js';

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

export interface EvidenceOptions {
  readonly bundle: TrustBundle;
  /** The verifier's clock, Unix ms. */
  readonly now: number;
  /** How old the status may be, in ms. No limit when absent: the answer then says its date. */
  readonly maxStatusAge?: number;
  readonly hash: Hash;
  readonly verify: Verify;
}

export interface EvidenceResult {
  /** Of record, signature, issuer, anchor and status. The evidence is accepted when all have passed. */
  readonly checks: readonly Check[];
  /** Null when the evidence does not prove its record. */
  readonly record: ProvenRecord | null;
  /** MSPs whose peers' signatures were verified. */
  readonly endorsedBy: readonly string[];
}

function nothingProven(
  record: 'evidence-entry' | 'evidence-path' | 'record-not-checked',
  anchor: Check,
): EvidenceResult {
  return { checks: checksWithoutRecord(checkOf(record, {}), anchor, null), record: null, endorsedBy: [] };
}

/**
 * Verifies evidence that {@link parseEvidence} read. Hostile content fails a check and never throws. What is
 * cheap comes first, so that garbage costs no signature.
 */
export async function verifyEvidence(evidence: Evidence, options: EvidenceOptions): Promise<EvidenceResult> {
  const { bundle, now, hash, verify } = options;
  const issue = readIssue(evidence.entry);
  if (issue === null) return nothingProven('evidence-entry', checkOf('anchor-not-checked', {}));
  const root = rootOf(evidence, hash);
  if (root === null) return nothingProven('evidence-path', checkOf('anchor-not-checked', {}));
  // Bundles are opened once and used for long.
  if (now > bundle.payload.expires) return nothingProven('record-not-checked', checkOf('trust-expired', {}));
  if (evidence.channel !== bundle.payload.channel) {
    return nothingProven('record-not-checked', checkOf('attestation-channel', {}));
  }
  const attested = await verifyAttestation(evidence.attestation, bundle, now, verify);
  if (!attested.accepted) return nothingProven('record-not-checked', checkOf(attested.code, {}));
  const refusal = refuseHead(evidence, root, attested.state);
  if (refusal !== null) return nothingProven('record-not-checked', checkOf(refusal, {}));
  const record = await provenRecord(evidence, issue, attested.state, attested.endorsedBy, bundle, verify);
  return { checks: checkRecord(record, options), record, endorsedBy: attested.endorsedBy };
}

/** What {@link verifyEvidence} found, as a look-up for `judge`. */
export function lookupFromEvidence({ record, checks }: EvidenceResult): Lookup {
  return record === null
    ? { state: 'unproven', checks }
    : { state: 'answered', source: 'evidence', records: [record] };
}
