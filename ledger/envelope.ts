import { common, msp, peer } from '@hyperledger/fabric-protos';
import { LedgerError } from './port.js';

/**
 * An endorser transaction taken apart. Nothing in it is verified here: whoever built the envelope chose every value,
 * and only the block's validation flags say whether committers accepted it.
 */
export interface EndorserTransaction {
  readonly id: string;
  readonly channel: string;
  /** The client's time, Unix ms. */
  readonly time: number;
  readonly creator: Identity;
  readonly nonce: Uint8Array;
  /** The chaincode that endorsers ran, in their own words. */
  readonly chaincode: { readonly name: string; readonly version: string };
  /** Status of the chaincode's answer; 200 is success. */
  readonly status: number;
  /** First the function's name, then its arguments, as sent. */
  readonly input: readonly Uint8Array[];
  /** `rwset.TxReadWriteSet`. */
  readonly results: Uint8Array;
  readonly proposalHash: Uint8Array;
  readonly signed: SignedParts;
}

export interface Identity {
  /** `msp.SerializedIdentity`. */
  readonly bytes: Uint8Array;
  readonly mspId: string;
  /** PEM. */
  readonly certificate: Uint8Array;
}

/** The exact bytes that the transaction's hashes and signatures are about. */
export interface SignedParts {
  /** `common.Payload`, signed by the creator. */
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  readonly channelHeader: Uint8Array;
  readonly signatureHeader: Uint8Array;
  /** `protos.ChaincodeProposalPayload` without transient data. */
  readonly proposalPayload: Uint8Array;
  /** `protos.ProposalResponsePayload`; each endorser signed it followed by its own identity. */
  readonly responsePayload: Uint8Array;
  readonly endorsements: readonly { readonly endorser: Uint8Array; readonly signature: Uint8Array }[];
}

/**
 * Reads `common.Envelope` bytes. Null when it is not an endorser transaction (a channel configuration, say).
 *
 * @throws LedgerError `DAMAGED` when it is one and cannot be read, or holds other than one action
 */
export function decodeEnvelope(bytes: Uint8Array): EndorserTransaction | null {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw new LedgerError('DAMAGED', 'a transaction envelope cannot be read', undefined, { cause: error });
  }
}

function decode(bytes: Uint8Array): EndorserTransaction | null {
  const envelope = common.Envelope.deserializeBinary(bytes);
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const header = present(payload.getHeader(), 'header');
  const channelHeader = common.ChannelHeader.deserializeBinary(header.getChannelHeader_asU8());
  if (channelHeader.getType() !== common.HeaderType.ENDORSER_TRANSACTION) return null;
  const signatureHeader = common.SignatureHeader.deserializeBinary(header.getSignatureHeader_asU8());
  const { proposalPayload, action } = onlyAction(payload.getData_asU8());
  const responsePayload = action.getProposalResponsePayload_asU8();
  const response = peer.ProposalResponsePayload.deserializeBinary(responsePayload);
  const result = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8());
  const chaincode = present(result.getChaincodeId(), 'chaincode id');
  const timestamp = present(channelHeader.getTimestamp(), 'timestamp');
  return {
    id: channelHeader.getTxId(),
    channel: channelHeader.getChannelId(),
    time: timestamp.getSeconds() * 1000 + Math.floor(timestamp.getNanos() / 1e6),
    creator: decodeIdentity(signatureHeader.getCreator_asU8()),
    nonce: signatureHeader.getNonce_asU8(),
    chaincode: { name: chaincode.getName(), version: chaincode.getVersion() },
    status: present(result.getResponse(), 'response').getStatus(),
    input: decodeInput(proposalPayload),
    results: result.getResults_asU8(),
    proposalHash: response.getProposalHash_asU8(),
    signed: {
      payload: envelope.getPayload_asU8(),
      signature: envelope.getSignature_asU8(),
      channelHeader: header.getChannelHeader_asU8(),
      signatureHeader: header.getSignatureHeader_asU8(),
      proposalPayload,
      responsePayload,
      endorsements: action.getEndorsementsList().map((endorsement) => ({
        endorser: endorsement.getEndorser_asU8(),
        signature: endorsement.getSignature_asU8(),
      })),
    },
  };
}

export function decodeIdentity(bytes: Uint8Array): Identity {
  const identity = msp.SerializedIdentity.deserializeBinary(bytes);
  return { bytes, mspId: identity.getMspid(), certificate: identity.getIdBytes_asU8() };
}

/** `msp.SerializedIdentity` bytes; `certificate` is PEM. */
export function encodeIdentity(mspId: string, certificate: string): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(certificate));
  return identity.serializeBinary();
}

/** Fabric accepts exactly one action a transaction. */
function onlyAction(data: Uint8Array) {
  const [first, ...others] = peer.Transaction.deserializeBinary(data).getActionsList();
  if (others.length > 0) throw new LedgerError('DAMAGED', 'a transaction with more than one action');
  const payload = peer.ChaincodeActionPayload.deserializeBinary(present(first, 'action').getPayload_asU8());
  return {
    proposalPayload: payload.getChaincodeProposalPayload_asU8(),
    action: present(payload.getAction(), 'endorsed action'),
  };
}

function decodeInput(proposalPayload: Uint8Array): Uint8Array[] {
  const { ChaincodeProposalPayload, ChaincodeInvocationSpec } = peer;
  const input = ChaincodeProposalPayload.deserializeBinary(proposalPayload).getInput_asU8();
  const spec = present(ChaincodeInvocationSpec.deserializeBinary(input).getChaincodeSpec(), 'chaincode spec');
  return present(spec.getInput(), 'chaincode input').getArgsList_asU8();
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new LedgerError('DAMAGED', `a transaction without ${what}`);
  return value;
}
