import { common, msp } from '@hyperledger/fabric-protos';

/**
 * The key-level endorsement policy 'a peer of every one of these organisations', as the bytes that
 * `setStateValidationParameter` takes: a `common.SignaturePolicyEnvelope` (a peer wraps it into an
 * `ApplicationPolicy` itself). The bytes depend only on the set: every endorser must write the same ones.
 */
export function endorsementPolicy(mspIds: readonly string[]): Uint8Array {
  const members = [...new Set(mspIds)].sort();
  const all = new common.SignaturePolicy.NOutOf();
  all.setN(members.length);
  all.setRulesList(members.map((_, index) => signedBy(index)));
  const rule = new common.SignaturePolicy();
  rule.setNOutOf(all);
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setVersion(0);
  envelope.setRule(rule);
  envelope.setIdentitiesList(members.map(peerOf));
  return envelope.serializeBinary();
}

function signedBy(identity: number): common.SignaturePolicy {
  const policy = new common.SignaturePolicy();
  policy.setSignedBy(identity);
  return policy;
}

function peerOf(mspId: string): msp.MSPPrincipal {
  const role = new msp.MSPRole();
  role.setMspIdentifier(mspId);
  role.setRole(msp.MSPRole.MSPRoleType.PEER);
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(msp.MSPPrincipal.Classification.ROLE);
  principal.setPrincipal(role.serializeBinary());
  return principal;
}
