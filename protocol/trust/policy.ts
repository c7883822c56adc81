import type { TrustBundle } from '../trust.js';

/** Owners of the given MSPs; those that the bundle does not list have none. */
export function ownersOf(bundle: TrustBundle, mspIds: readonly string[]): Set<string> {
  return new Set(mspIds.flatMap((mspId) => bundle.msps.get(mspId)?.owner ?? []));
}

/** Whether endorsements by these MSPs convince under the bundle's policy. Naming one twice adds nothing. */
export function policyMet(bundle: TrustBundle, mspIds: readonly string[]): boolean {
  const { all, otherOwners } = bundle.payload.policy;
  const named = ownersOf(bundle, all);
  const others = [...ownersOf(bundle, mspIds)].filter((owner) => !named.has(owner));
  return all.every((mspId) => mspIds.includes(mspId)) && others.length >= otherOwners;
}

/** Whether all that these MSPs say is one owner's word. */
export function isSingleOwner(bundle: TrustBundle, mspIds: readonly string[]): boolean {
  return bundle.payload.engine === 'embedded' || ownersOf(bundle, mspIds).size < 2;
}
