import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { common } from '@hyperledger/fabric-protos';
import fc from 'fast-check';
import { dataHash, decodeBlock, encodeBlock, headerHash, openBlock } from './block.js';
import { proposalHash, transactionId } from './embedded/proposal.js';
import { verifyDer } from './signature.js';
import { decodeEnvelope, decodeIdentity } from './envelope.js';
import { LedgerError } from './port.js';

const file = JSON.parse(readFileSync(new URL('../testdata/fabric-blocks.json', import.meta.url), 'utf8')) as {
  readonly blocks: readonly string[];
};
const [four = new Uint8Array(), five = new Uint8Array()] = file.blocks.map((block) =>
  Uint8Array.from(Buffer.from(block, 'base64')),
);

const damaged = { name: 'LedgerError', code: 'DAMAGED' };

test('a block that Fabric wrote names the hash of the one before it as we compute it', () => {
  assert.deepEqual(openBlock(five).previousHash, Uint8Array.from(openBlock(four).hash));
});

test('a block that Fabric wrote is read with its transaction, arguments and writes', () => {
  const { number, transactions } = decodeBlock(five, 'marbles');
  assert.equal(number, 5);
  assert.equal(transactions.length, 1);
  const [transaction] = transactions;
  assert.deepEqual(
    {
      ...transaction,
      args: transaction?.args.map((arg) => Buffer.from(arg).toString()),
      writes: transaction?.writes.map(({ key, value }) => [
        key,
        JSON.parse(Buffer.from(value ?? []).toString()) as unknown,
      ]),
    },
    {
      id: 'ff86affc63812d2d7dda806a298ee8493f3b09c6a5941f64faff8d667609effb',
      valid: true,
      creatorMspId: 'SampleOrg',
      time: 1614980134056,
      fn: 'transferMarble',
      args: ['marble1', 'jerry'],
      writes: [['marble1', { docType: 'marble', name: 'marble1', color: 'blue', size: 35, owner: 'jerry' }]],
    },
  );
});

test('transaction id, proposal hash and signatures of a Fabric transaction are as we compute them', () => {
  for (const envelope of [four, five].flatMap((block) => openBlock(block).envelopes)) {
    const transaction = decodeEnvelope(envelope);
    assert.ok(transaction);
    const { id, nonce, creator, signed } = transaction;
    assert.equal(id, transactionId(nonce, creator.bytes));
    const hash = proposalHash(signed.channelHeader, signed.signatureHeader, signed.proposalPayload);
    assert.deepEqual(transaction.proposalHash, Uint8Array.from(hash));
    assert.ok(verifyDer(keyOf(creator.bytes), signed.signature, signed.payload));
    for (const { endorser, signature } of signed.endorsements) {
      assert.ok(verifyDer(keyOf(endorser), signature, Buffer.concat([signed.responsePayload, endorser])));
    }
  }
});

function keyOf(identity: Uint8Array) {
  return new X509Certificate(decodeIdentity(identity).certificate).publicKey;
}

test("another chaincode's transactions are left out, whatever their functions are called", () => {
  assert.deepEqual(decodeBlock(five, 'records').transactions, []);
});

test('configuration transactions are left out', () => {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.CONFIG);
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  const { bytes } = encodeBlock(0, new Uint8Array(), [envelope.serializeBinary()], Uint8Array.of(0));
  assert.deepEqual(decodeBlock(bytes, 'records').transactions, []);
});

test('an unreadable transaction is left out when invalid, and damage when valid', () => {
  const garbage = [Uint8Array.of(0xff, 0xff, 0xff)];
  const { bytes: invalid } = encodeBlock(0, new Uint8Array(), garbage, Uint8Array.of(1));
  assert.deepEqual(decodeBlock(invalid, 'records').transactions, []);
  const { bytes: valid } = encodeBlock(0, new Uint8Array(), garbage, Uint8Array.of(0));
  assert.throws(() => decodeBlock(valid, 'records'), damaged);
});

test('an invalid transaction is marked so', () => {
  const { number, previousHash, envelopes } = openBlock(five);
  const { bytes } = encodeBlock(number, previousHash, envelopes, Uint8Array.of(11));
  assert.equal(decodeBlock(bytes, 'marbles').transactions[0]?.valid, false);
});

test('a block whose data are not those of its header is damage', () => {
  const block = common.Block.deserializeBinary(five);
  block.getData()?.setDataList([...openBlock(four).envelopes]);
  assert.throws(() => decodeBlock(block.serializeBinary(), 'marbles'), damaged);
});

test('bytes that are no block, or lack validation flags, are damage', () => {
  assert.throws(() => openBlock(Uint8Array.of(0x0a, 0x7f)), damaged);
  assert.throws(() => openBlock(new Uint8Array()), damaged);
  const block = common.Block.deserializeBinary(five);
  block.clearMetadata();
  assert.throws(() => openBlock(block.serializeBinary()), damaged);
});

test('whatever bytes are read as a block, the only error is damage', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 64 }),
      fc.nat(five.length - 1),
      fc.integer({ min: 1, max: 255 }),
      (some, at, flip) => {
        const changed = Uint8Array.from(five);
        changed[at] = (changed[at] ?? 0) ^ flip;
        for (const bytes of [some, changed]) {
          try {
            decodeBlock(bytes, 'marbles');
          } catch (error) {
            assert.ok(error instanceof LedgerError && error.code === 'DAMAGED', String(error));
          }
        }
      },
    ),
  );
});

test('the header hash is over the shortest DER of any block number', () => {
  const hash = dataHash([]);
  // SEQUENCE of 72 bytes: INTEGER 128 takes a leading zero, 127 does not.
  assert.equal(
    Buffer.from(headerHash(128, hash, hash)).toString('hex'),
    sha256Hex(`3048020200800420${hex(hash)}0420${hex(hash)}`),
  );
  assert.equal(
    Buffer.from(headerHash(127, hash, hash)).toString('hex'),
    sha256Hex(`304702017f0420${hex(hash)}0420${hex(hash)}`),
  );
  assert.equal(
    Buffer.from(headerHash(0, new Uint8Array(), hash)).toString('hex'),
    sha256Hex(`302702010004000420${hex(hash)}`),
  );
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function sha256Hex(der: string): string {
  return hex(dataHash([Buffer.from(der, 'hex')]));
}
