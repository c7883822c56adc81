import { canonicalJson } from '../canonical.js';
import type { TrustPayload } from './payload.js';

type Chaincode = TrustPayload['chaincodes'][number];

/** Versions stay when they are replaced: evidence made under them is to stay good. */
export function withChaincode(
  known: readonly Chaincode[],
  { name, version }: Chaincode,
): readonly Chaincode[] {
  const isKnown = known.some((chaincode) => chaincode.name === name && chaincode.version === version);
  return isKnown ? known : [...known, { name, version }];
}

/** Whether two bundles differ in nothing but their place in the succession and their end. */
export function saysTheSame(kept: TrustPayload, wanted: TrustPayload): boolean {
  const { version, expires, previous } = kept;
  return canonicalJson(kept) === canonicalJson({ ...wanted, version, expires, previous });
}
