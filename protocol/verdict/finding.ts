import type { Issuer, IssuerKey, Status } from '../records.js';
import type { IssueStatement, RevocationReason } from '../statement.js';
import type { Check } from './codes.js';

/**
 * The facts that a verdict is drawn from, whoever found them: a service in its index and queue, or anybody in
 * an evidence file. Times are Unix milliseconds unless said otherwise, hashes base64url SHA-256.
 */
export interface Finding {
  /** What the asker brought: a file (or its hash), a printed code, or nothing but the claims of a QR code. */
  readonly asked: 'file' | 'code' | 'claims';
  /** Hash of the file. */
  readonly sha256?: string;
  /** QR or XMP claims found in the file, or the scanned ones. All different. */
  readonly claims: readonly FoundClaims[];
  readonly lookup: Lookup;
}

export type Lookup =
  /**
   * Everything known that may answer: for a file the records with its hash and those that its claims name, for
   * a code those with this document id. In any order. Out of an evidence file it is that file's one record, and
   * others may exist.
   */
  | {
      readonly state: 'answered';
      readonly source: 'register' | 'evidence';
      readonly records: readonly FoundRecord[];
      /** What waits to be anchored could not be asked for: these are all from the ledger. */
      readonly waitingUnknown?: true;
    }
  /** Nobody could be asked. */
  | { readonly state: 'unavailable' }
  /** Evidence was handed in that does not hold; these checks say why. */
  | { readonly state: 'unproven'; readonly checks: readonly Check[] };

export interface FoundClaims {
  readonly iss: string;
  /** Document id, canonical form. */
  readonly jti: string;
  /** Unix seconds, by the issuer's clock. */
  readonly iat: number;
  /** Hash of the claims' full JWS text: what the statement's `claims` has to be. */
  readonly hash: string;
  readonly signer: ClaimsSigner;
}

export type ClaimsSigner =
  /** The issuer's key with the claims' kid; `good` when it made the signature. */
  | { readonly state: 'known'; readonly good: boolean; readonly issuer: Issuer; readonly key: IssuerKey }
  /** The list of issuers is complete and has no such key. */
  | { readonly state: 'unknown' }
  /** The list at hand may be old or partial, and has no such key. */
  | { readonly state: 'not-checked' };

export interface FoundRecord {
  readonly statement: IssueStatement;
  readonly kid: string;
  /** The registry's entry for `statement.iss`; null when the source has none. */
  readonly issuer: Issuer | null;
  /** Whether the issuer's key `kid` made the statement's signature; false too when it has no such key. */
  readonly signatureGood: boolean;
  readonly anchoring: Anchoring;
  readonly status: FoundStatus;
  /** A revocation that its issuer signed and that waits to be anchored. */
  readonly pendingRevocation?: PendingRevocation;
  /** One owner keeps the whole register. */
  readonly singleOwner: boolean;
}

export type Anchoring =
  | {
      readonly state: 'anchored';
      readonly mspId: string;
      readonly index: number;
      readonly at: number;
      readonly attested?: Attested;
    }
  | { readonly state: 'pending'; readonly acceptedAt: number };

/** Set when evidence shows the anchoring, and not just the answerer's own copy. */
export interface Attested {
  readonly at: number;
  /** Owners whose peers signed. */
  readonly by: readonly string[];
}

export type FoundStatus =
  /** `status` null: never revoked. */
  | { readonly state: 'known'; readonly status: Status | null; readonly asOf: number }
  | { readonly state: 'not-attested' };

export interface PendingRevocation {
  readonly reason: RevocationReason;
  readonly by?: string;
  readonly acceptedAt: number;
}
