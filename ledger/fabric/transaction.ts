import { gateway } from '@hyperledger/fabric-protos';
import { decodeEnvelope, encodeIdentity } from '../envelope.js';
import { LedgerError, type Attestation } from '../port.js';

/** What the endorsers signed, taken out of a transaction (`gateway.PreparedTransaction`) that nobody submits. */
export function attestationIn(prepared: Uint8Array): Attestation {
  const envelope = gateway.PreparedTransaction.deserializeBinary(prepared).getEnvelope();
  const transaction = envelope && decodeEnvelope(envelope.serializeBinary());
  if (!transaction)
    throw new LedgerError('DAMAGED', 'the gateway answered with something else than a transaction');
  const { responsePayload, endorsements } = transaction.signed;
  return { payload: responsePayload, endorsements };
}

/** The question what became of a transaction (`gateway.SignedCommitStatusRequest`, still unsigned), by its id alone. */
export function commitQuestion(
  channel: string,
  transactionId: string,
  client: { readonly mspId: string; readonly certificate: string },
): Uint8Array {
  const request = new gateway.CommitStatusRequest();
  request.setChannelId(channel);
  request.setTransactionId(transactionId);
  request.setIdentity(encodeIdentity(client.mspId, client.certificate));
  const question = new gateway.SignedCommitStatusRequest();
  question.setRequest(request.serializeBinary());
  return question.serializeBinary();
}
