import { ledger } from '@hyperledger/fabric-protos';
import { LedgerError, type Write } from './port.js';

const { TxReadWriteSet, NsReadWriteSet, kvrwset } = ledger.rwset;

/** Name under which Fabric keeps a key's own endorsement policy (`peer.MetaDataKeys`). */
const VALIDATION_PARAMETER = 'VALIDATION_PARAMETER';

/** Which transaction wrote a key's present value. */
export interface Version {
  readonly block: number;
  /** Its place in the block. */
  readonly transaction: number;
}

/** What a transaction read and wants to write, in one chaincode's namespace. */
export interface ReadWriteSet {
  /** `version` is null when there was no such key. */
  readonly reads: readonly { readonly key: string; readonly version: Version | null }[];
  readonly writes: readonly Write[];
  /** Key-level endorsement policies. */
  readonly policies: readonly { readonly key: string; readonly policy: Uint8Array }[];
}

/** `rwset.TxReadWriteSet` bytes. The lists should be sorted by key, as Fabric's are. */
export function encodeReadWriteSet(namespace: string, set: ReadWriteSet): Uint8Array {
  const inNamespace = new NsReadWriteSet();
  inNamespace.setNamespace(namespace);
  inNamespace.setRwset(encodeKeys(set));
  const whole = new TxReadWriteSet();
  whole.setDataModel(TxReadWriteSet.DataModel.KV);
  whole.addNsRwset(inNamespace);
  return whole.serializeBinary();
}

function encodeKeys({ reads, writes, policies }: ReadWriteSet): Uint8Array {
  const keys = new kvrwset.KVRWSet();
  for (const { key, version } of reads) {
    const read = new kvrwset.KVRead();
    read.setKey(key);
    if (version) read.setVersion(encodeVersion(version));
    keys.addReads(read);
  }
  for (const { key, value } of writes) {
    const write = new kvrwset.KVWrite();
    write.setKey(key);
    if (value === null) write.setIsDelete(true);
    else write.setValue(value);
    keys.addWrites(write);
  }
  for (const { key, policy } of policies) {
    const entry = new kvrwset.KVMetadataEntry();
    entry.setName(VALIDATION_PARAMETER);
    entry.setValue(policy);
    const write = new kvrwset.KVMetadataWrite();
    write.setKey(key);
    write.addEntries(entry);
    keys.addMetadataWrites(write);
  }
  return keys.serializeBinary();
}

function encodeVersion({ block, transaction }: Version) {
  const version = new kvrwset.Version();
  version.setBlockNum(block);
  version.setTxNum(transaction);
  return version;
}

/**
 * Reads one namespace of `rwset.TxReadWriteSet` bytes; empty when the transaction did not touch it.
 *
 * @throws LedgerError `DAMAGED`
 */
export function decodeReadWriteSet(bytes: Uint8Array, namespace: string): ReadWriteSet {
  const parts = parse(bytes, namespace);
  return {
    reads: parts.flatMap((keys) => keys.getReadsList()).map(decodeRead),
    writes: parts.flatMap((keys) => keys.getWritesList()).map(decodeWrite),
    policies: parts.flatMap((keys) => keys.getMetadataWritesList()).flatMap(decodePolicy),
  };
}

function parse(bytes: Uint8Array, namespace: string): Keys[] {
  try {
    return TxReadWriteSet.deserializeBinary(bytes)
      .getNsRwsetList()
      .filter((part) => part.getNamespace() === namespace)
      .map((part) => kvrwset.KVRWSet.deserializeBinary(part.getRwset_asU8()));
  } catch (error) {
    throw new LedgerError('DAMAGED', 'a read-write set cannot be read', undefined, { cause: error });
  }
}

type Keys = InstanceType<typeof kvrwset.KVRWSet>;

function decodeRead(read: ReturnType<Keys['getReadsList']>[number]): ReadWriteSet['reads'][number] {
  const version = read.getVersion();
  return {
    key: read.getKey(),
    version: version ? { block: version.getBlockNum(), transaction: version.getTxNum() } : null,
  };
}

/** Fabric's committers take an empty value for a deletion, whatever the flag says. */
function decodeWrite(write: ReturnType<Keys['getWritesList']>[number]): Write {
  const value = write.getValue_asU8();
  return { key: write.getKey(), value: write.getIsDelete() || value.length === 0 ? null : value };
}

function decodePolicy(write: ReturnType<Keys['getMetadataWritesList']>[number]): ReadWriteSet['policies'] {
  return write
    .getEntriesList()
    .filter((entry) => entry.getName() === VALIDATION_PARAMETER)
    .map((entry) => ({ key: write.getKey(), policy: entry.getValue_asU8() }));
}
