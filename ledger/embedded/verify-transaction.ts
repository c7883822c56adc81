import { decodeEnvelope, type EndorserTransaction } from '../envelope.js';
import { LedgerError } from '../port.js';
import { decodeReadWriteSet, type ReadWriteSet } from '../rwset.js';
import type { PublicIdentity } from './identity.js';
import { proposalHash, transactionId } from './proposal.js';
import { verifyDer } from '../signature.js';

/** Who may have made the transactions of an embedded ledger, and for what. */
export interface Expected {
  readonly channel: string;
  /** Name of the chaincode. */
  readonly chaincode: string;
  readonly peer: PublicIdentity;
  readonly client: PublicIdentity;
}

const SUCCESS = 200;

/**
 * Checks everything that an embedded ledger's envelope promises: made for this channel and chaincode, its id derived
 * from nonce and creator, its endorsement bound to its proposal, signed by the ledger's own client and peer.
 *
 * @returns what it read and wrote; whether that was valid, only the state at its time can tell
 * @throws LedgerError `DAMAGED`
 */
export function verifyTransaction(envelope: Uint8Array, expected: Expected): ReadWriteSet {
  const transaction = decodeEnvelope(envelope);
  const failed = transaction ? firstFailure(transaction, expected) : 'it is not a transaction of a chaincode';
  if (!transaction || failed) throw new LedgerError('DAMAGED', `a transaction is not genuine: ${failed}`);
  return decodeReadWriteSet(transaction.results, expected.chaincode);
}

function firstFailure(transaction: EndorserTransaction, expected: Expected): string | null {
  const { channel, chaincode, creator, nonce, signed } = transaction;
  const hash = proposalHash(signed.channelHeader, signed.signatureHeader, signed.proposalPayload);
  if (channel !== expected.channel || chaincode.name !== expected.chaincode)
    return 'another channel or chaincode';
  if (transaction.status !== SUCCESS) return 'the chaincode did not succeed';
  if (transaction.id !== transactionId(nonce, creator.bytes))
    return 'its id is not that of nonce and creator';
  if (!same(hash, transaction.proposalHash)) return 'the endorsement is about another proposal';
  if (!same(creator.bytes, expected.client.serialized)) return 'another creator';
  if (!verifyDer(expected.client.publicKey, signed.signature, signed.payload))
    return "the creator's signature";
  return endorsementFailure(signed, expected.peer);
}

function endorsementFailure(signed: EndorserTransaction['signed'], peer: PublicIdentity): string | null {
  const [endorsement, ...others] = signed.endorsements;
  if (!endorsement || others.length > 0) return 'it has other than one endorsement';
  if (!same(endorsement.endorser, peer.serialized)) return 'another endorser';
  const data = Buffer.concat([signed.responsePayload, endorsement.endorser]);
  return verifyDer(peer.publicKey, endorsement.signature, data) ? null : "the endorser's signature";
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
