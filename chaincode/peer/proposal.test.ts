import assert from 'node:assert/strict';
import { test } from 'node:test';
import { common, peer } from '@hyperledger/fabric-protos';
import { signedProposal } from './fake-peer.test-support.js';
import { originOf } from './proposal.js';

test('who made a transaction, and when by the millisecond', () => {
  const { mspId, time } = originOf(
    signedProposal({ mspId: 'HospitalMSP', seconds: 1_800_000_000, nanos: 1_900_000 }),
  );
  assert.equal(mspId, 'HospitalMSP');
  assert.equal(time.getTime(), 1_800_000_000_001);
});

test('the arguments, which the payload repeats, are not read', () => {
  const signed = signedProposal({ mspId: 'HospitalMSP' });
  const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  proposal.setPayload(Uint8Array.of(0xff, 0xff));
  signed.setProposalBytes(proposal.serializeBinary());
  assert.equal(originOf(signed).mspId, 'HospitalMSP');
});

test('a proposal that is missing, damaged or silent is refused', () => {
  const silent = new peer.Proposal();
  silent.setHeader(new common.Header().serializeBinary());
  for (const bytes of [new Uint8Array(), Uint8Array.of(0x0a, 0xff), silent.serializeBinary()]) {
    const signed = new peer.SignedProposal();
    signed.setProposalBytes(bytes);
    assert.throws(() => originOf(signed), Error);
  }
  assert.throws(() => originOf(signedProposal({ mspId: '' })), /who made it/);
  assert.throws(() => originOf(undefined), /no signed proposal/);
});
