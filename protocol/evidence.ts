import { verifyAttestation } from './attestation.js';
import type { Hash, Verify } from './crypto.js';
import type { Evidence } from './evidence/file.js';
import { provenRecord, readIssue, refuseHead, rootOf, type ProvenRecord } from './evidence/steps.js';
import type { TrustBundle } from './trust.js';
import { checkRecord, checksWithoutRecord } from './verdict.js';
import { checkOf, type Check } from './verdict/codes.js';
import type { Lookup } from './verdict/finding.js';

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
 * Verifies evidence that `parseEvidence` read. Hostile content fails a check and never throws. What is
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
