import { fromUtf8 } from '../bytes.js';
import { ProtocolError } from '../error.js';
import { readMessage } from './protobuf.js';

/**
 * What peers sign when they endorse (Hyperledger Fabric, peer/proposal_response.proto and
 * ledger/rwset/rwset.proto): the outcome of one run of a chaincode function.
 */
export interface ChaincodeOutcome {
  /** The chaincode that ran, named by the peer and not by whoever asked. */
  readonly chaincode: { readonly name: string; readonly version: string };
  readonly status: number;
  /** Whether the run wrote anything at all: a key, a key's metadata, or private data, in any namespace. */
  readonly writes: boolean;
  readonly setsEvent: boolean;
  /** What the function returned. A view into the payload. */
  readonly result: Uint8Array;
}

const PAYLOAD = { proposalHash: [1, 'bytes'], extension: [2, 'bytes'] } as const;
const ACTION = {
  results: [1, 'bytes'],
  events: [2, 'bytes'],
  response: [3, 'bytes'],
  chaincodeId: [4, 'bytes'],
} as const;
const RESPONSE = { status: [1, 'int'], message: [2, 'bytes'], payload: [3, 'bytes'] } as const;
const CHAINCODE_ID = { path: [1, 'bytes'], name: [2, 'bytes'], version: [3, 'bytes'] } as const;
const READ_WRITE_SET = { dataModel: [1, 'int'], namespaces: [2, 'list'] } as const;
const NAMESPACE = { name: [1, 'bytes'], readWriteSet: [2, 'bytes'], collections: [3, 'list'] } as const;
const KV_SET = {
  reads: [1, 'list'],
  rangeQueries: [2, 'list'],
  writes: [3, 'list'],
  metadataWrites: [4, 'list'],
} as const;

const KEY_VALUE_MODEL = 0;

function namespaceWrites(bytes: Uint8Array): boolean {
  const namespace = readMessage(bytes, NAMESPACE);
  const { writes, metadataWrites } = readMessage(namespace.readWriteSet, KV_SET);
  // Private collections stand here as hashes; reads of them too, but our contract has none.
  return writes.length > 0 || metadataWrites.length > 0 || namespace.collections.length > 0;
}

function anythingWritten(results: Uint8Array): boolean {
  const { dataModel, namespaces } = readMessage(results, READ_WRITE_SET);
  if (dataModel !== KEY_VALUE_MODEL)
    throw new ProtocolError('ATTESTATION', 'an unknown kind of read-write set');
  return namespaces.map(namespaceWrites).includes(true);
}

/**
 * Reads a ProposalResponsePayload. It judges nothing: who signed it, which chaincode, which status and whether
 * a write matters are the caller's to decide.
 *
 * @throws ProtocolError `PROTOBUF`, `UTF8`, `ATTESTATION`
 */
export function readProposalResponse(payload: Uint8Array): ChaincodeOutcome {
  const action = readMessage(readMessage(payload, PAYLOAD).extension, ACTION);
  const response = readMessage(action.response, RESPONSE);
  const { name, version } = readMessage(action.chaincodeId, CHAINCODE_ID);
  return {
    chaincode: { name: fromUtf8(name), version: fromUtf8(version) },
    status: response.status,
    writes: anythingWritten(action.results),
    setsEvent: action.events.length > 0,
    result: response.payload,
  };
}
