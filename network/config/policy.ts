import { common, msp } from '@hyperledger/fabric-protos';
import { NetworkError } from '../error.js';

/** 'So many of these', the form of the policies that a channel's configuration is changed under. */
export interface Threshold {
  readonly needed: number;
  /** MSPs. */
  readonly of: readonly string[];
}

/**
 * Reads `OutOf(n, 'A.admin', 'B.admin', …)` from a `common.Policy`.
 *
 * @throws NetworkError `CONFIGURATION` when the policy has another form
 */
export function thresholdIn(bytes: Uint8Array): Threshold {
  const policy = common.Policy.deserializeBinary(bytes);
  const { SIGNATURE } = common.Policy.PolicyType;
  if (policy.getType() !== SIGNATURE) throw foreign('it is no signature policy');
  const envelope = common.SignaturePolicyEnvelope.deserializeBinary(policy.getValue_asU8());
  const outOf = envelope.getRule()?.getNOutOf();
  if (outOf === undefined || outOf.getRulesList().some((rule) => rule.hasNOutOf())) {
    throw foreign('it is no plain OutOf');
  }
  const identities = envelope.getIdentitiesList();
  const of = outOf.getRulesList().map((rule) => {
    const principal = identities[rule.getSignedBy()];
    const role = msp.MSPRole.deserializeBinary(principal?.getPrincipal_asU8() ?? new Uint8Array());
    return role.getMspIdentifier();
  });
  return { needed: outOf.getN(), of };
}

function foreign(why: string): NetworkError {
  return new NetworkError('CONFIGURATION', `the policy under which the channel changes is not ours: ${why}`);
}

/** `common.Policy`: `needed` of these very identities, which are `msp.SerializedIdentity`s. */
export function identitiesPolicy(needed: number, identities: readonly Uint8Array[]): Uint8Array {
  const outOf = new common.SignaturePolicy.NOutOf();
  outOf.setN(needed);
  outOf.setRulesList(
    identities.map((_, at) => {
      const rule = new common.SignaturePolicy();
      rule.setSignedBy(at);
      return rule;
    }),
  );
  const rule = new common.SignaturePolicy();
  rule.setNOutOf(outOf);
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setRule(rule);
  envelope.setIdentitiesList(
    identities.map((identity) => {
      const principal = new msp.MSPPrincipal();
      principal.setPrincipalClassification(msp.MSPPrincipal.Classification.IDENTITY);
      principal.setPrincipal(identity);
      return principal;
    }),
  );
  const policy = new common.Policy();
  policy.setType(common.Policy.PolicyType.SIGNATURE);
  policy.setValue(envelope.serializeBinary());
  return policy.serializeBinary();
}
