import assert from 'node:assert/strict';
import { test } from 'node:test';
import { common, msp } from '@hyperledger/fabric-protos';
import fc from 'fast-check';
import { toHex } from '@spondon/protocol/bytes';
import { appendArguments, openSample } from '../sample.test-support.js';
import { endorsementPolicy } from './endorsement-policy.js';

/** Organisations whose peers must all sign; fails on a policy of any other form. */
function mustSign(bytes: Uint8Array): string[] {
  const envelope = common.SignaturePolicyEnvelope.deserializeBinary(bytes);
  const identities = envelope.getIdentitiesList().map((identity) => {
    assert.equal(identity.getPrincipalClassification(), msp.MSPPrincipal.Classification.ROLE);
    const role = msp.MSPRole.deserializeBinary(identity.getPrincipal_asU8());
    assert.equal(role.getRole(), msp.MSPRole.MSPRoleType.PEER);
    return role.getMspIdentifier();
  });
  const all = envelope.getRule()?.getNOutOf();
  const signers = (all?.getRulesList() ?? []).map((rule) => {
    assert.equal(rule.getTypeCase(), common.SignaturePolicy.TypeCase.SIGNED_BY);
    return identities[rule.getSignedBy()] ?? '';
  });
  assert.equal(envelope.getVersion(), 0);
  assert.equal(all?.getN(), signers.length);
  return signers;
}

test('a peer of every organisation must sign, each organisation once', () => {
  assert.deepEqual(mustSign(endorsementPolicy(['B', 'A', 'C', 'A'])), ['A', 'B', 'C']);
  assert.deepEqual(mustSign(endorsementPolicy(['A', 'A'])), ['A']);
});

test('the bytes depend on the set of organisations alone', () => {
  const organisations = fc.uniqueArray(fc.stringMatching(/^[A-Z][a-z]{0,8}MSP$/), {
    minLength: 1,
    maxLength: 6,
  });
  const shuffled = organisations.chain((list) =>
    fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
  );
  fc.assert(
    fc.property(shuffled, ([list, other]) => {
      assert.deepEqual(endorsementPolicy([...other, ...list]), endorsementPolicy(list));
    }),
  );
});

// Written out by hand from policies.proto and msp_principal.proto.
test('the bytes are those of Fabric’s SignaturePolicyEnvelope', () => {
  const identity = '12070a0341424310' + '03';
  const expected = `120812060801120208001a09${identity}`;
  assert.equal(toHex(endorsementPolicy(['ABC'])), expected);
});

test('a log and its heads belong to the regulators’ peers and the owner’s', async () => {
  const { ledger, hospital, append } = await openSample();
  await append([await hospital.issue()]);
  const expected = ['BmdcMSP', 'DghsMSP', 'HospitalMSP'];
  for (const key of ['log/HospitalMSP', 'head/HospitalMSP/1']) {
    assert.deepEqual(mustSign(ledger.policies.get(key) ?? new Uint8Array()), expected);
  }
  assert.equal(ledger.policies.size, 2);
});

test('no other key gets a policy of its own', async () => {
  const { ledger, hospital, log, append } = await openSample();
  const document = await hospital.issue();
  await append([document]);
  const revocation = [await hospital.revoke(document.statement.jti)];
  const call = appendArguments(1, revocation, [log.proof(0, 0)]);
  const { policies } = await ledger.endorse('HospitalMSP', 'Append', call);
  assert.deepEqual([...policies.keys()], ['head/HospitalMSP/2']);
});
