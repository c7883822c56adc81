import { common, msp } from '@hyperledger/fabric-protos';
import { decodeGroup, encodeGroup, type Group } from './group.js';
import type { Update } from './update.js';

/** A channel's configuration as it is after a block. */
export interface Configuration {
  /** Grows with each change. */
  readonly sequence: number;
  /** How many blocks a node has at least that knows of it. */
  readonly height: number;
  readonly group: Group;
}

/** From a `common.Block` that has one, which a channel's first block is, too. */
export function configurationIn(bytes: Uint8Array): Configuration {
  const block = common.Block.deserializeBinary(bytes);
  const [data = new Uint8Array()] = block.getData()?.getDataList_asU8() ?? [];
  const payload = common.Payload.deserializeBinary(common.Envelope.deserializeBinary(data).getPayload_asU8());
  const config = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig();
  const group = config?.getChannelGroup();
  if (config === undefined || group === undefined) throw new TypeError('the block has no configuration');
  const height = (block.getHeader()?.getNumber() ?? 0) + 1;
  return { sequence: config.getSequence(), height, group: decodeGroup(group) };
}

/** A proposal as the `peer` command and every signer take it: a `common.Envelope` that nobody has signed yet. */
export function proposalOf(channel: string, { read, write }: Update): Uint8Array {
  const update = new common.ConfigUpdate();
  update.setChannelId(channel);
  update.setReadSet(encodeGroup(read));
  update.setWriteSet(encodeGroup(write));
  const signed = new common.ConfigUpdateEnvelope();
  signed.setConfigUpdate(update.serializeBinary());
  const header = new common.ChannelHeader();
  header.setType(common.HeaderType.CONFIG_UPDATE);
  header.setChannelId(channel);
  const headers = new common.Header();
  headers.setChannelHeader(header.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(headers);
  payload.setData(signed.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  return envelope.serializeBinary();
}

/** What a proposal is about, and who has signed it. The signatures are not verified: orderers do that. */
export function readProposal(bytes: Uint8Array): {
  readonly channel: string;
  readonly write: Group;
  readonly signers: readonly string[];
} {
  const payload = common.Payload.deserializeBinary(
    common.Envelope.deserializeBinary(bytes).getPayload_asU8(),
  );
  const signed = common.ConfigUpdateEnvelope.deserializeBinary(payload.getData_asU8());
  const update = common.ConfigUpdate.deserializeBinary(signed.getConfigUpdate_asU8());
  const write = update.getWriteSet();
  if (write === undefined) throw new TypeError('the proposal changes nothing');
  const signers = signed.getSignaturesList().map((signature) => {
    const header = common.SignatureHeader.deserializeBinary(signature.getSignatureHeader_asU8());
    return msp.SerializedIdentity.deserializeBinary(header.getCreator_asU8()).getMspid();
  });
  return { channel: update.getChannelId(), write: decodeGroup(write), signers: [...new Set(signers)] };
}
