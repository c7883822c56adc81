import { createHash } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import { decodeEnvelope, type EndorserTransaction } from './envelope.js';
import { LedgerError, type Block, type Transaction } from './port.js';
import { decodeReadWriteSet } from './rwset.js';

/** A block whose transactions are still bytes. */
export interface RawBlock {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
  /** `common.Envelope`s. */
  readonly envelopes: readonly Uint8Array[];
  /** `TxValidationCode` of each envelope, in order; 0 is valid. */
  readonly flags: Uint8Array;
}

export const VALID: number = peer.TxValidationCode.VALID;
export const MVCC_READ_CONFLICT: number = peer.TxValidationCode.MVCC_READ_CONFLICT;

/**
 * A block's header as it is hashed and signed: the ASN.1 DER
 * `SEQUENCE { number INTEGER, previousHash OCTET STRING, dataHash OCTET STRING }`. Block 0 has an empty `previousHash`.
 */
export function headerBytes(number: number, previousHash: Uint8Array, dataHash: Uint8Array): Uint8Array {
  const content = Buffer.concat([derInteger(number), derOctets(previousHash), derOctets(dataHash)]);
  return Buffer.concat([Uint8Array.of(0x30, content.length), content]);
}

/** A block's hash as Fabric computes it: SHA-256 of its header. */
export function headerHash(...header: Parameters<typeof headerBytes>): Uint8Array {
  return createHash('sha256')
    .update(headerBytes(...header))
    .digest();
}

function derInteger(value: number): Uint8Array {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  const unsigned = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes;
  return Buffer.concat([Uint8Array.of(0x02, unsigned.length), unsigned]);
}

function derOctets(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 32) throw new RangeError('a SHA-256 hash has 32 bytes');
  return Buffer.concat([Uint8Array.of(0x04, bytes.length), bytes]);
}

/** SHA-256 over the envelopes one after another. */
export function dataHash(envelopes: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const envelope of envelopes) hash.update(envelope);
  return hash.digest();
}

/**
 * Reads `common.Block` bytes and checks that its data are those that its header names. Does not verify signatures;
 * the flags stand outside the header and are the word of whoever stored the block.
 *
 * @throws LedgerError `DAMAGED`
 */
export function openBlock(bytes: Uint8Array): RawBlock {
  return rawBlock(parse(bytes));
}

function rawBlock(block: common.Block): RawBlock {
  const header = block.getHeader();
  const envelopes = block.getData()?.getDataList_asU8() ?? [];
  const flags = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.TRANSACTIONS_FILTER];
  if (!header || flags?.length !== envelopes.length) {
    throw new LedgerError('DAMAGED', 'a block without its header or validation flags');
  }
  const [number, previousHash] = [header.getNumber(), header.getPreviousHash_asU8()];
  if (!Buffer.from(header.getDataHash_asU8()).equals(dataHash(envelopes))) {
    throw new LedgerError('DAMAGED', `block ${number} does not have the data that its header names`);
  }
  return {
    number,
    hash: headerHash(number, previousHash, header.getDataHash_asU8()),
    previousHash,
    envelopes,
    flags,
  };
}

function parse(bytes: Uint8Array): common.Block {
  try {
    return common.Block.deserializeBinary(bytes);
  } catch (error) {
    throw new LedgerError('DAMAGED', 'a block cannot be read', undefined, { cause: error });
  }
}

/** `common.Block` bytes. */
export function encodeBlock(
  number: number,
  previousHash: Uint8Array,
  envelopes: readonly Uint8Array[],
  flags: Uint8Array,
): { readonly bytes: Uint8Array; readonly hash: Uint8Array } {
  const hashOfData = dataHash(envelopes);
  const header = new common.BlockHeader();
  header.setNumber(number);
  header.setPreviousHash(previousHash);
  header.setDataHash(hashOfData);
  const data = new common.BlockData();
  data.setDataList([...envelopes]);
  const metadata = new common.BlockMetadata();
  const fields: Uint8Array[] = Object.keys(common.BlockMetadataIndex).map(() => new Uint8Array());
  fields[common.BlockMetadataIndex.TRANSACTIONS_FILTER] = flags;
  metadata.setMetadataList(fields);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  block.setMetadata(metadata);
  return { bytes: block.serializeBinary(), hash: headerHash(number, previousHash, hashOfData) };
}

/**
 * Reads a block, or `common.Block` bytes as both engines keep them. Holds the transactions of `chaincode` alone:
 * another chaincode of the channel may have functions of the same names. An invalid transaction that cannot be read is
 * left out, because on Fabric anybody may have garbage ordered.
 *
 * @throws LedgerError `DAMAGED`
 */
export function decodeBlock(block: Uint8Array | common.Block, chaincode: string): Block {
  const raw = rawBlock(block instanceof Uint8Array ? parse(block) : block);
  const { number, hash, previousHash, envelopes, flags } = raw;
  const transactions: Transaction[] = [];
  for (const [index, envelope] of envelopes.entries()) {
    const valid = flags[index] === VALID;
    const transaction = readTransaction(envelope, chaincode, valid);
    if (transaction) transactions.push(transaction);
  }
  return { number, hash, previousHash, transactions };
}

function readTransaction(envelope: Uint8Array, chaincode: string, valid: boolean): Transaction | null {
  try {
    const transaction = decodeEnvelope(envelope);
    return transaction?.chaincode.name === chaincode ? ofPort(transaction, valid) : null;
  } catch (error) {
    if (valid || !(error instanceof LedgerError)) throw error;
    return null;
  }
}

function ofPort(transaction: EndorserTransaction, valid: boolean): Transaction {
  const { id, time, creator, chaincode, input, results } = transaction;
  const [name = new Uint8Array(), ...args] = input;
  const { writes } = decodeReadWriteSet(results, chaincode.name);
  return { id, valid, creatorMspId: creator.mspId, time, fn: Buffer.from(name).toString(), args, writes };
}
