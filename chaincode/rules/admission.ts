import { keyOf, keyValidAt, type Issuer, type IssuerKey } from '@spondon/protocol/records';
import type { SignedStatement } from '@spondon/protocol/statement';
import { Refusal } from '../refusal.js';

/** How far a statement's own time may be ahead of its anchoring, ms. */
export const MAX_IAT_AHEAD_MS = 5 * 60_000;

export interface Admission {
  /** The organisation that appends, to its own log. */
  readonly mspId: string;
  /** Entry time of the batch, ms. */
  readonly at: number;
  /** The ledger's last tick, ms. */
  readonly clock: number;
  /** Every issuer that the batch names; absent when the registry does not know it. */
  readonly issuers: ReadonlyMap<string, Issuer>;
}

/** What counts of a statement. */
type Signed = Pick<SignedStatement, 'statement' | 'kid'>;

/**
 * Whether `mspId` may anchor this statement now; returns the key that it names.
 * The signature is not verified: an issuer's false statement harms nobody else, and every verifier looks itself.
 *
 * @throws Refusal with the statement's position
 */
export function admit({ statement, kid }: Signed, position: number, admission: Admission): IssuerKey {
  const { mspId, at, clock } = admission;
  const issuer = admission.issuers.get(statement.iss);
  if (issuer === undefined)
    throw new Refusal('ISSUER_UNKNOWN', `${statement.iss} was never admitted`, position);
  if (issuer.mspId !== mspId) {
    throw new Refusal('WRONG_MSP', `${statement.iss} anchors with ${issuer.mspId}, not ${mspId}`, position);
  }
  if (issuer.state !== 'admitted') {
    throw new Refusal('ISSUER_SUSPENDED', `${statement.iss} is suspended since ${issuer.since}`, position);
  }
  if (statement.iat * 1000 > at + MAX_IAT_AHEAD_MS) {
    throw new Refusal('IAT_AHEAD', `iat is ${statement.iat} s, the entry's time ${at} ms`, position);
  }
  const key = keyValidAt(issuer, kid, at);
  // A batch may carry a time up to five minutes in the past; once the ledger's own clock has passed the end of a
  // key, no choice of time brings it back.
  if (key === null || (key.until !== undefined && key.until <= clock)) {
    throw keyOf(issuer, kid) === null
      ? new Refusal('KEY_UNKNOWN', `${statement.iss} has no key ${kid}`, position)
      : new Refusal('KEY_NOT_VALID', `key ${kid} of ${statement.iss} is not valid now`, position);
  }
  return key;
}

/** {@link admit} for a whole batch: the first statement that may not be anchored is named. */
export function admitAll(statements: readonly Signed[], admission: Admission): void {
  for (const [position, signed] of statements.entries()) admit(signed, position, admission);
}
