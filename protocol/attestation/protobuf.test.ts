import { peer as fabric, msp } from '@hyperledger/fabric-protos';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, utf8 } from '../bytes.js';
import { ProtocolError } from '../error.js';
import { readMessage } from './protobuf.js';

const protobuf = { name: 'ProtocolError', code: 'PROTOBUF' } as const;
const RESPONSE = { status: [1, 'int'], message: [2, 'bytes'], payload: [3, 'bytes'] } as const;
const LIST = { items: [1, 'list'], count: [2, 'int'] } as const;

test('reads what fabric-protos wrote', () => {
  fc.assert(
    fc.property(fc.nat(), fc.string(), fc.uint8Array({ maxLength: 400 }), (status, message, payload) => {
      const written = new fabric.Response();
      written.setStatus(status);
      written.setMessage(message);
      written.setPayload(payload);
      const bytes = written.serializeBinary();
      // Text goes through fabric-protos again, as it has its own opinion about lone surrogates.
      const text = utf8(fabric.Response.deserializeBinary(bytes).getMessage());
      assert.deepEqual(readMessage(bytes, RESPONSE), { status, message: text, payload });
    }),
  );
});

test('an absent field reads as zero, empty, or no items', () => {
  assert.deepEqual(readMessage(new Uint8Array(0), LIST), { items: [], count: 0 });
});

test('repeated fields keep their order', () => {
  const { items } = readMessage(fromHex('0a0101' + '0a00' + '1005' + '0a0102'), LIST);
  assert.deepEqual(
    items.map((item) => [...item]),
    [[1], [], [2]],
  );
});

const refused: readonly (readonly [string, string])[] = [
  ['a field that the shape does not have', '220101'],
  ['a singular field that stands twice', '10011002'],
  ['field number 0', '000000'],
  ['another wire type than the field has', '0801'],
  ['a fixed 64-bit field', '110000000000000000'],
  ['a group', '13'],
  ['a number that is not in its shortest form', '108100'],
  ['a key that is not in its shortest form', '900001'],
  ['a number above 2^53', '10ffffffffffffffff7f'],
  ['a number without end', '10ffffffffffffffffffffffff'],
  // Of which a reader that goes on multiplying makes 'not a number', and then sees nothing of what follows.
  ['a length of two hundred bytes', `0a${'80'.repeat(200)}01220101`],
  ['content longer than the message', '0a05aa'],
  ['a length that would overflow', '0affffffffffffff0f'],
  ['a key without a value', '10'],
];

for (const [what, hex] of refused) {
  test(`refuses ${what}`, () => assert.throws(() => readMessage(fromHex(hex), LIST), protobuf));
}

test('arbitrary bytes are read or refused, and never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        readMessage(bytes, LIST);
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
    }),
  );
});

test('two different messages are never read as one', () => {
  const identity = new msp.SerializedIdentity();
  identity.setMspid('DGHS');
  identity.setIdBytes(utf8('pem'));
  const bytes = identity.serializeBinary();
  const shape = { mspId: [1, 'bytes'], certificate: [2, 'bytes'] } as const;
  const original = JSON.stringify(readMessage(bytes, shape));
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      assert.notEqual(JSON.stringify(readMessage(flipped, shape)), original, `bit ${bit}`);
    } catch (error) {
      assert.ok(error instanceof ProtocolError);
    }
  }
});
