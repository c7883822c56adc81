import { verifyEndorsement, type Endorsement, type EndorsementRefusal } from './attestation/endorsement.js';
import { readProposalResponse, type ChaincodeOutcome } from './attestation/proposal-response.js';
import { parseAttestedState, type AttestedState } from './attestation/state.js';
import type { Verify } from './crypto.js';
import { ProtocolError } from './error.js';
import type { TrustBundle } from './trust.js';
import { policyMet } from './trust/policy.js';

/**
 * Attestation: what peers of several organisations signed in answer to the contract's read `Attest`. It was
 * endorsed and never submitted; it proves what those peers held as committed state.
 */
export interface Attestation {
  /** The ProposalResponsePayload that every endorsement signs. */
  readonly payload: Uint8Array;
  readonly endorsements: readonly Endorsement[];
}

export type AttestationRefusal =
  | EndorsementRefusal
  | 'attestation-unreadable'
  | 'attestation-chaincode'
  | 'attestation-status'
  | 'attestation-writes'
  | 'attestation-event'
  | 'attestation-channel'
  | 'attestation-time'
  | 'endorsement-count'
  | 'endorsement-policy';

export type AttestationVerdict =
  | { readonly accepted: true; readonly state: AttestedState; readonly endorsedBy: readonly string[] }
  | { readonly accepted: false; readonly code: AttestationRefusal };

/** More are never needed, and each costs the verifier two signatures. */
const MAX_ENDORSEMENTS = 32;

const STATUS_OK = 200;

/** How far clocks of honest parties may lie apart. */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

/** What a payload says, whoever signed it. For those who ran the function themselves; others verify. @throws ProtocolError */
export function decodeAttestation(payload: Uint8Array): { outcome: ChaincodeOutcome; state: AttestedState } {
  const outcome = readProposalResponse(payload);
  return { outcome, state: parseAttestedState(outcome.result) };
}

/** What `read` gives, or null when the bytes are not what it reads. */
function readOrNull<T>(read: (bytes: Uint8Array) => T, bytes: Uint8Array): T | null {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/**
 * The client chose `time`. It may not lie in the verifier's future, nor before the channel's own clock:
 * somebody could otherwise ask a peer today in the name of a day when its certificate was still good.
 */
function timeFits(state: AttestedState, now: number): boolean {
  const notAhead = state.time <= now + CLOCK_TOLERANCE_MS && state.clock <= now + CLOCK_TOLERANCE_MS;
  return notAhead && state.time >= state.clock - 2 * CLOCK_TOLERANCE_MS;
}

function refuseOutcome(outcome: ChaincodeOutcome, bundle: TrustBundle): AttestationRefusal | null {
  const { name, version } = outcome.chaincode;
  const known = bundle.payload.chaincodes.some(
    (trusted) => trusted.name === name && trusted.version === version,
  );
  if (!known) return 'attestation-chaincode';
  if (outcome.status !== STATUS_OK) return 'attestation-status';
  if (outcome.writes) return 'attestation-writes';
  return outcome.setsEvent ? 'attestation-event' : null;
}

/** What the payload says when nothing speaks against it but, perhaps, who signed it. */
function readAttestable(
  payload: Uint8Array,
  bundle: TrustBundle,
  now: number,
): AttestedState | AttestationRefusal {
  const outcome = readOrNull(readProposalResponse, payload);
  if (outcome === null) return 'attestation-unreadable';
  const refusal = refuseOutcome(outcome, bundle);
  if (refusal !== null) return refusal;
  const state = readOrNull(parseAttestedState, outcome.result);
  if (state === null) return 'attestation-unreadable';
  if (state.channel !== bundle.payload.channel) return 'attestation-channel';
  return timeFits(state, now) ? state : 'attestation-time';
}

/**
 * Whether an attestation convinces under `bundle` at `now` (Unix ms). Every endorsement in it has to be good,
 * not only as many as the policy asks for: then no part of it can be exchanged unnoticed.
 */
export async function verifyAttestation(
  attestation: Attestation,
  bundle: TrustBundle,
  now: number,
  verify: Verify,
): Promise<AttestationVerdict> {
  const state = readAttestable(attestation.payload, bundle, now);
  if (typeof state === 'string') return { accepted: false, code: state };
  if (attestation.endorsements.length > MAX_ENDORSEMENTS)
    return { accepted: false, code: 'endorsement-count' };
  // A set: an organisation counts once, however many of its peers signed.
  const endorsedBy = new Set<string>();
  for (const endorsement of attestation.endorsements) {
    const answer = await verifyEndorsement(attestation.payload, endorsement, bundle, state.time, verify);
    if ('refused' in answer) return { accepted: false, code: answer.refused };
    endorsedBy.add(answer.mspId);
  }
  if (!policyMet(bundle, [...endorsedBy])) return { accepted: false, code: 'endorsement-policy' };
  return { accepted: true, state, endorsedBy: [...endorsedBy] };
}
