import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ledger } from '@hyperledger/fabric-protos';
import fc from 'fast-check';
import { decodeReadWriteSet, encodeReadWriteSet } from './rwset.js';

const plain = { noNullPrototype: true };
const key = fc.string({ minLength: 1 });
const version = fc.record({ block: fc.nat(), transaction: fc.nat(9999) }, plain);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 50 });
const readWriteSet = fc.record(
  {
    reads: fc.array(fc.record({ key, version: fc.option(version) }, plain)),
    writes: fc.array(fc.record({ key, value: fc.option(bytes) }, plain)),
    policies: fc.array(fc.record({ key, policy: bytes }, plain)),
  },
  plain,
);

test('a read-write set comes back as it was', () => {
  fc.assert(
    fc.property(readWriteSet, (set) => {
      assert.deepEqual(decodeReadWriteSet(encodeReadWriteSet('records', set), 'records'), set);
    }),
  );
});

test('what another namespace read and wrote is not ours', () => {
  fc.assert(
    fc.property(readWriteSet, (set) => {
      const empty = { reads: [], writes: [], policies: [] };
      assert.deepEqual(decodeReadWriteSet(encodeReadWriteSet('_lifecycle', set), 'records'), empty);
    }),
  );
});

test('version 0/0 is not the absence of a version', () => {
  const reads = [
    { key: 'a', version: { block: 0, transaction: 0 } },
    { key: 'b', version: null },
  ];
  const set = { reads, writes: [], policies: [] };
  assert.deepEqual(decodeReadWriteSet(encodeReadWriteSet('records', set), 'records').reads, reads);
});

test('an empty value is a deletion, as committers have it', () => {
  const { TxReadWriteSet, NsReadWriteSet, kvrwset } = ledger.rwset;
  const write = new kvrwset.KVWrite();
  write.setKey('a');
  const keys = new kvrwset.KVRWSet();
  keys.addWrites(write);
  const inNamespace = new NsReadWriteSet();
  inNamespace.setNamespace('records');
  inNamespace.setRwset(keys.serializeBinary());
  const whole = new TxReadWriteSet();
  whole.addNsRwset(inNamespace);
  const { writes } = decodeReadWriteSet(whole.serializeBinary(), 'records');
  assert.deepEqual(writes, [{ key: 'a', value: null }]);
});

test('bytes that are no read-write set are damage', () => {
  assert.throws(() => decodeReadWriteSet(Uint8Array.of(0x12, 0x7f), 'records'), { code: 'DAMAGED' });
});
