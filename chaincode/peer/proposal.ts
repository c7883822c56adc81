import { common, msp, peer } from '@hyperledger/fabric-protos';

/** Whose transaction it is, and its time as its client set it. */
export interface Origin {
  readonly mspId: string;
  readonly time: Date;
}

/**
 * Read from a signed proposal's headers alone: its payload repeats what the transaction's message says, the whole batch.
 * The peer has verified signature and creator before it asks a chaincode.
 *
 * @throws Error for bytes that are no such messages, or leave out what is asked for
 */
export function originOf(signed: peer.SignedProposal | undefined): Origin {
  if (signed === undefined) throw new Error('there is no signed proposal');
  const proposal = peer.Proposal.deserializeBinary(signed.getProposalBytes_asU8());
  const header = common.Header.deserializeBinary(proposal.getHeader_asU8());
  const signature = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  const creator = msp.SerializedIdentity.deserializeBinary(signature.getCreator_asU8());
  const channel = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  const timestamp = channel.getTimestamp();
  if (creator.getMspid() === '' || timestamp === undefined) {
    throw new Error('the signed proposal does not say who made it and when');
  }
  // A date drops what is less than a millisecond.
  return {
    mspId: creator.getMspid(),
    time: new Date(timestamp.getSeconds() * 1000 + timestamp.getNanos() / 1e6),
  };
}
