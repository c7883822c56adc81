import { ledger, peer as fabric } from '@hyperledger/fabric-protos';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concatBytes, fromHex, fromUtf8 } from '../bytes.js';
import { proposalResponse, type OutcomeWish } from '../testing/network.js';
import { readProposalResponse } from './proposal-response.js';

const state = { channel: 'records', time: 0, clock: 0, heads: [], statuses: [], issuers: [] };

function read(wish: Partial<OutcomeWish>) {
  return readProposalResponse(proposalResponse({ state, ...wish }));
}

test('reads what fabric-protos wrote: chaincode, status, result; reads of keys are no writes', () => {
  const outcome = read({ result: 'the answer', chaincode: { name: 'records', version: '2.1' }, status: 404 });
  assert.deepEqual(outcome.chaincode, { name: 'records', version: '2.1' });
  assert.equal(outcome.status, 404);
  assert.equal(fromUtf8(outcome.result), 'the answer');
  assert.equal(outcome.writes, false);
  assert.equal(outcome.setsEvent, false);
});

test('an event is seen', () => assert.equal(read({ event: 'anchored' }).setsEvent, true));

test('a write is seen, and so are the deletion of a key and an empty write', () => {
  for (const isDelete of [true, false]) {
    const change = (_: unknown, keys: ledger.rwset.kvrwset.KVRWSet): void => {
      const write = new ledger.rwset.kvrwset.KVWrite();
      write.setIsDelete(isDelete);
      keys.addWrites(write);
    };
    assert.equal(read({ change }).writes, true);
  }
});

test('a write to the metadata of a key, such as its endorsement policy, is seen', () => {
  const change = (_: unknown, keys: ledger.rwset.kvrwset.KVRWSet): void => {
    keys.addMetadataWrites(new ledger.rwset.kvrwset.KVMetadataWrite());
  };
  assert.equal(read({ change }).writes, true);
});

test('a write to a private collection is seen', () => {
  const change = (namespace: ledger.rwset.NsReadWriteSet): void => {
    namespace.addCollectionHashedRwset(new ledger.rwset.CollectionHashedReadWriteSet());
  };
  assert.equal(read({ change }).writes, true);
});

/** A payload whose read-write set is the given bytes. */
function withResults(results: Uint8Array): Uint8Array {
  const action = new fabric.ChaincodeAction();
  action.setResults(results);
  const payload = new fabric.ProposalResponsePayload();
  payload.setExtension$(action.serializeBinary());
  return payload.serializeBinary();
}

test('a write in any namespace is seen, not only in the first', () => {
  const keys = new ledger.rwset.kvrwset.KVRWSet();
  keys.addWrites(new ledger.rwset.kvrwset.KVWrite());
  const quiet = new ledger.rwset.NsReadWriteSet();
  const writing = new ledger.rwset.NsReadWriteSet();
  writing.setRwset(keys.serializeBinary());
  for (const namespaces of [
    [quiet, writing],
    [writing, quiet],
  ]) {
    const set = new ledger.rwset.TxReadWriteSet();
    set.setNsRwsetList(namespaces);
    assert.equal(readProposalResponse(withResults(set.serializeBinary())).writes, true);
  }
});

test('a read-write set of an unknown kind is refused', () => {
  assert.throws(() => readProposalResponse(withResults(fromHex('0801'))), { code: 'ATTESTATION' });
});

test('a field that this reader does not know is refused on every level, as it could hold a write', () => {
  const unknown = fromHex('2a0101');
  const payload = proposalResponse({ state });
  assert.throws(() => readProposalResponse(concatBytes(payload, unknown)), { code: 'PROTOBUF' });
  const action = fabric.ProposalResponsePayload.deserializeBinary(payload).getExtension_asU8();
  const outer = new fabric.ProposalResponsePayload();
  outer.setExtension$(concatBytes(action, unknown));
  assert.throws(() => readProposalResponse(outer.serializeBinary()), { code: 'PROTOBUF' });
  assert.throws(() => readProposalResponse(withResults(unknown)), { code: 'PROTOBUF' });
});
