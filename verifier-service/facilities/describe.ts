import type { Issuer } from '@spondon/protocol/records';
import type { Proposal } from './ballot.js';

/** A facility as the public sees it. */
export function describeIssuer(issuerId: string, issuer: Issuer) {
  const { name, kind, mspId: organisation, licence, telephone, state, since, keys } = issuer;
  return {
    issuerId,
    name,
    kind,
    organisation,
    licence,
    telephone,
    state,
    since: iso(since),
    keys: keys.map(({ kid, jwk, from, until, why }) => ({
      kid,
      jwk,
      from: iso(from),
      ...(until === undefined ? {} : { until: iso(until) }),
      ...(why === undefined ? {} : { why }),
    })),
  };
}

/** What regulators vote on. `iss` and `jti` are the ledger's own names of the facility and the document. */
export function describeProposal({ id, action, voters, waitingFor, at }: Proposal) {
  return { state: 'proposed' as const, decision: { id, action, voters, waitingFor, lastVoteAt: iso(at) } };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
