import { common, peer } from '@hyperledger/fabric-protos';
import { encodeReadWriteSet, type ReadWriteSet } from '../rwset.js';
import type { SigningIdentity } from './identity.js';
import { proposalHash, type ChaincodeId, type Proposal } from './proposal.js';

export interface Endorsement {
  /** `msp.SerializedIdentity`. */
  readonly endorser: Uint8Array;
  /** DER, over response payload ‖ endorser. */
  readonly signature: Uint8Array;
}

const SUCCESS = 200;

/** `protos.ProposalResponsePayload`: what the chaincode read, wrote and answered, bound to the proposal. */
export function responsePayload(
  proposal: Proposal,
  chaincode: ChaincodeId,
  set: ReadWriteSet,
  result: Uint8Array,
): Uint8Array {
  const response = new peer.Response();
  response.setStatus(SUCCESS);
  response.setPayload(result);
  const chaincodeId = new peer.ChaincodeID();
  chaincodeId.setName(chaincode.name);
  chaincodeId.setVersion(chaincode.version);
  const action = new peer.ChaincodeAction();
  action.setResults(encodeReadWriteSet(chaincode.name, set));
  action.setResponse(response);
  action.setChaincodeId(chaincodeId);
  const payload = new peer.ProposalResponsePayload();
  payload.setProposalHash(proposalHash(proposal.channelHeader, proposal.signatureHeader, proposal.payload));
  payload.setExtension$(action.serializeBinary());
  return payload.serializeBinary();
}

export function endorse(payload: Uint8Array, peerIdentity: SigningIdentity): Endorsement {
  const endorser = peerIdentity.serialized;
  return { endorser, signature: peerIdentity.sign(Buffer.concat([payload, endorser])) };
}

/** `common.Envelope`: the endorsed transaction, signed by the client that proposed it. */
export function assembleTransaction(
  proposal: Proposal,
  payload: Uint8Array,
  endorsement: Endorsement,
  client: SigningIdentity,
): Uint8Array {
  const signed = new peer.Endorsement();
  signed.setEndorser(endorsement.endorser);
  signed.setSignature(endorsement.signature);
  const endorsedAction = new peer.ChaincodeEndorsedAction();
  endorsedAction.setProposalResponsePayload(payload);
  endorsedAction.addEndorsements(signed);
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(proposal.payload);
  actionPayload.setAction(endorsedAction);
  const action = new peer.TransactionAction();
  action.setHeader(proposal.signatureHeader);
  action.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.addActions(action);
  return signEnvelope(proposal, transaction.serializeBinary(), client);
}

function signEnvelope(proposal: Proposal, data: Uint8Array, client: SigningIdentity): Uint8Array {
  const header = new common.Header();
  header.setChannelHeader(proposal.channelHeader);
  header.setSignatureHeader(proposal.signatureHeader);
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);
  const bytes = payload.serializeBinary();
  const envelope = new common.Envelope();
  envelope.setPayload(bytes);
  envelope.setSignature(client.sign(bytes));
  return envelope.serializeBinary();
}
