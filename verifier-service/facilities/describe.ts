import type { Issuer } from '@spondon/protocol/records';

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

function iso(at: number): string {
  return new Date(at).toISOString();
}
