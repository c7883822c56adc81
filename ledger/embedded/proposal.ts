import { createHash } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';

export interface ChaincodeId {
  readonly name: string;
  readonly version: string;
}

/** What a client asks of the endorsers, in the bytes that Fabric's hashes and signatures are about. */
export interface Proposal {
  /** Hex SHA-256 of nonce ‖ creator. */
  readonly id: string;
  /** Unix ms. */
  readonly time: number;
  /** `common.ChannelHeader`. */
  readonly channelHeader: Uint8Array;
  /** `common.SignatureHeader`. */
  readonly signatureHeader: Uint8Array;
  /** `protos.ChaincodeProposalPayload`. */
  readonly payload: Uint8Array;
}

export interface Invocation {
  readonly channel: string;
  readonly chaincode: string;
  /** `msp.SerializedIdentity`. */
  readonly creator: Uint8Array;
  /** 24 random bytes. */
  readonly nonce: Uint8Array;
  /** Unix ms. */
  readonly time: number;
  /** First the function's name. */
  readonly input: readonly Uint8Array[];
}

export function propose({ channel, chaincode, creator, nonce, time, input }: Invocation): Proposal {
  const id = transactionId(nonce, creator);
  const chaincodeId = new peer.ChaincodeID();
  chaincodeId.setName(chaincode);
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(chaincodeId);
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setTimestamp(timestamp(time));
  channelHeader.setChannelId(channel);
  channelHeader.setTxId(id);
  channelHeader.setExtension$(extension.serializeBinary());
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator);
  signatureHeader.setNonce(nonce);
  return {
    id,
    time,
    channelHeader: channelHeader.serializeBinary(),
    signatureHeader: signatureHeader.serializeBinary(),
    payload: proposalPayload(chaincodeId, input),
  };
}

export function transactionId(nonce: Uint8Array, creator: Uint8Array): string {
  return createHash('sha256').update(nonce).update(creator).digest('hex');
}

function timestamp(time: number) {
  const stamp = new timestamps.Timestamp();
  stamp.setSeconds(Math.floor(time / 1000));
  stamp.setNanos((time % 1000) * 1e6);
  return stamp;
}

function proposalPayload(chaincodeId: peer.ChaincodeID, args: readonly Uint8Array[]): Uint8Array {
  const input = new peer.ChaincodeInput();
  input.setArgsList([...args]);
  const spec = new peer.ChaincodeSpec();
  spec.setType(peer.ChaincodeSpec.Type.NODE);
  spec.setChaincodeId(chaincodeId);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const payload = new peer.ChaincodeProposalPayload();
  payload.setInput(invocation.serializeBinary());
  return payload.serializeBinary();
}

/** Fabric's `GetProposalHash1`: what binds an endorsement to the headers and arguments of its proposal. */
export function proposalHash(
  channelHeader: Uint8Array,
  signatureHeader: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  return createHash('sha256').update(channelHeader).update(signatureHeader).update(payload).digest();
}
