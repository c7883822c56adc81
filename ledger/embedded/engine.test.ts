import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { peer } from '@hyperledger/fabric-protos';
import { decodeIdentity } from '../envelope.js';
import { decodeReadWriteSet } from '../rwset.js';
import { signatureFromDer, isLowS } from '@spondon/protocol/crypto';
import { flushingAfter } from './faulty-storage.test-support.js';
import { gate, turn } from './gate.test-support.js';
import { verifyDer } from '../signature.js';
import { ToyContract } from './toy-contract.test-support.js';
import { allBlocks, get, openToy, temporaryFolder } from './toy-ledger.test-support.js';

const refused = (refusal: object) => ({ name: 'LedgerError', code: 'REFUSED', refusal });
const code = (name: string) => ({ name: 'LedgerError', code: name });

test('what was submitted is read afterwards, and after reopening', async (t) => {
  const folder = await temporaryFolder(t);
  const ledger = await openToy(t, folder);
  await ledger.submit('Put', ['a', 'one']);
  await ledger.submit('Put', ['b', 'two']);
  await ledger.submit('Delete', ['a']);
  assert.deepEqual([await get(ledger, 'a'), await get(ledger, 'b')], ['', 'two']);
  await ledger.close();
  const reopened = await openToy(t, folder);
  assert.deepEqual([await get(reopened, 'a'), await get(reopened, 'b')], ['', 'two']);
  assert.equal(await reopened.height(), 3);
});

test('submit names the block that holds the transaction, with what was sent and written', async (t) => {
  const now = 1_767_225_600_123;
  const ledger = await openToy(t, await temporaryFolder(t), { now: () => now });
  await ledger.submit('Put', ['a', 'one']);
  const { transactionId, block } = await ledger.submit('Put', ['b', Uint8Array.from(Buffer.from('two'))]);
  const [found] = await allBlocks(ledger, block);
  assert.deepEqual(found?.transactions, [
    {
      id: transactionId,
      valid: true,
      creatorMspId: 'SoloMSP',
      time: now,
      fn: 'Put',
      args: ['b', 'two'].map((text) => Uint8Array.from(Buffer.from(text))),
      writes: [{ key: 'b', value: Uint8Array.from(Buffer.from('two')) }],
    },
  ]);
});

test('each block names the hash of the one before it', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  for (const value of ['1', '2', '3']) await ledger.submit('Put', ['a', value]);
  const blocks = await allBlocks(ledger);
  assert.equal(blocks[0]?.previousHash.length, 0);
  for (const [index, { hash }] of blocks.slice(0, -1).entries()) {
    assert.deepEqual(Uint8Array.from(blocks[index + 1]?.previousHash ?? []), Uint8Array.from(hash));
  }
});

test('a transaction does not see its own writes', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  await ledger.submit('Increment', ['n']);
  assert.equal(Buffer.from(await ledger.evaluate('Increment', ['n'])).toString(), '1');
  assert.equal(await get(ledger, 'n'), '1');
});

test('evaluate writes nothing', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  await ledger.evaluate('Put', ['a', 'one']);
  assert.equal(await get(ledger, 'a'), '');
  assert.equal(await ledger.height(), 0);
});

test('the contract sees time, id, channel and creator of its transaction', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t), { now: () => 1_700_000_000_001 });
  const context = JSON.parse(Buffer.from(await ledger.evaluate('Context', [])).toString()) as object;
  assert.deepEqual(
    { ...context, transaction: undefined },
    { transaction: undefined, time: 1_700_000_000_001, channel: 'records', creator: 'SoloMSP' },
  );
  assert.match((context as { transaction: string }).transaction, /^[0-9a-f]{64}$/);
});

test('of two transactions that read the same version one is valid and the other is a conflict in the block', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => ledger.submit('Increment', ['n'])));
  assert.deepEqual(
    outcomes.map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : 'valid',
    ),
    ['valid', 'CONFLICT', 'CONFLICT'],
  );
  assert.equal(await get(ledger, 'n'), '1');
  const blocks = await allBlocks(ledger);
  assert.deepEqual(
    blocks.flatMap(({ transactions }) => transactions.map(({ valid }) => valid)),
    [true, false, false],
  );
});

/** A ledger that opens `flushing` when it has a block to flush, and waits for `mayFlush`. */
async function openHeldBack(t: TestContext) {
  const [flushing, mayFlush] = [gate(), gate()];
  const openStorage = flushingAfter(() => {
    flushing.open();
    return mayFlush.opened;
  });
  return { ledger: await openToy(t, await temporaryFolder(t), { openStorage }), flushing, mayFlush };
}

test('a transaction that was simulated while another one was being flushed is a conflict in the next block', async (t) => {
  const { ledger, flushing, mayFlush } = await openHeldBack(t);
  const first = ledger.submit('Increment', ['n']);
  await flushing.opened;
  const second = ledger.submit('Increment', ['n']);
  mayFlush.open();
  await first;
  await assert.rejects(second, code('CONFLICT'));
  assert.equal(await get(ledger, 'n'), '1');
  const valid = (await allBlocks(ledger)).map(({ transactions }) => transactions.map((each) => each.valid));
  assert.deepEqual(valid, [[true], [false]]);
});

test('a key that appeared or vanished since it was read is a conflict, and blind writes are none', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  const appeared = await Promise.allSettled([
    ledger.submit('Put', ['n', '5']),
    ledger.submit('Increment', ['n']),
  ]);
  assert.deepEqual(
    appeared.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  const vanished = await Promise.allSettled([
    ledger.submit('Delete', ['n']),
    ledger.submit('Increment', ['n']),
  ]);
  assert.deepEqual(
    vanished.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  await Promise.all([ledger.submit('Put', ['n', '7']), ledger.submit('Put', ['n', '8'])]);
  assert.equal(await get(ledger, 'n'), '8');
});

test('before its block is flushed nobody is told of a transaction, and nobody sees it', async (t) => {
  const { ledger, flushing, mayFlush } = await openHeldBack(t);
  let told = false;
  const submit = ledger.submit('Put', ['a', 'one']).then(() => (told = true));
  await flushing.opened;
  for (let turns = 0; turns < 100; turns += 1) await turn();
  assert.deepEqual([told, await get(ledger, 'a'), await ledger.height()], [false, '', 0]);
  mayFlush.open();
  await submit;
  assert.equal(await get(ledger, 'a'), 'one');
});

test('concurrent submits share blocks', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  await Promise.all(Array.from({ length: 100 }, (_, index) => ledger.submit('Put', [`k${index}`, 'v'])));
  assert.equal(await ledger.height(), 1);
});

test(
  'all reads of one evaluation see one state, whatever is committed meanwhile',
  { timeout: 10_000 },
  async (t) => {
    const contract = new ToyContract();
    let flushes = 0;
    const openStorage = flushingAfter(() => Promise.resolve(void (flushes += 1)));
    const ledger = await openToy(t, await temporaryFolder(t), { contract, openStorage });
    await Promise.all([ledger.submit('Put', ['a', 'old']), ledger.submit('Put', ['b', 'old'])]);
    const betweenReads = gate();
    contract.gate = betweenReads.opened;
    const pair = ledger.evaluate('Pair', ['a', 'b']);
    const attestation = ledger.attest('a,b');
    const submits = Promise.all([ledger.submit('Put', ['a', 'new']), ledger.submit('Put', ['b', 'new'])]);
    // The block is on disk, or nearly, and its commit has every chance to come between the two reads.
    while (flushes < 2) await turn();
    for (let turns = 0; turns < 100; turns += 1) await turn();
    betweenReads.open();
    assert.equal(Buffer.from(await pair).toString(), 'old,old');
    assert.equal(resultOf((await attestation).payload).result, 'old,old');
    await submits;
    assert.equal(Buffer.from(await ledger.evaluate('Pair', ['a', 'b'])).toString(), 'new,new');
  },
);

function resultOf(payload: Uint8Array) {
  const response = peer.ProposalResponsePayload.deserializeBinary(payload);
  const action = peer.ChaincodeAction.deserializeBinary(response.getExtension_asU8());
  return {
    result: Buffer.from(action.getResponse()?.getPayload_asU8() ?? []).toString(),
    status: action.getResponse()?.getStatus(),
    chaincode: action.getChaincodeId()?.toObject(),
    set: decodeReadWriteSet(action.getResults_asU8(), 'records'),
  };
}

test("an attestation is the contract's answer, signed by the peer, with nothing written", async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  await ledger.submit('Put', ['a', 'one']);
  const { payload, endorsements } = await ledger.attest('a,b');
  assert.equal(await ledger.height(), 1);
  const { result, status, chaincode, set } = resultOf(payload);
  assert.deepEqual({ result, status }, { result: 'one,', status: 200 });
  assert.deepEqual(chaincode, { name: 'records', version: '1.0', path: '' });
  assert.deepEqual(set, {
    reads: [
      { key: 'a', version: { block: 0, transaction: 0 } },
      { key: 'b', version: null },
    ],
    writes: [],
    policies: [],
  });
  const [endorsement, ...others] = endorsements;
  assert.ok(endorsement && others.length === 0);
  const { mspId, certificate } = decodeIdentity(endorsement.endorser);
  const { publicKey, subject } = new X509Certificate(certificate);
  assert.deepEqual([mspId, subject], ['SoloMSP', 'CN=peer.SoloMSP\nOU=peer']);
  assert.ok(verifyDer(publicKey, endorsement.signature, Buffer.concat([payload, endorsement.endorser])));
  assert.ok(isLowS(signatureFromDer(endorsement.signature)));
});

test('a refusal comes with code, position and message, and leaves no block', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  const text = 'IAT_AHEAD[17]: more than five minutes';
  const refusal = { code: 'IAT_AHEAD', position: 17, message: 'more than five minutes' };
  await assert.rejects(ledger.submit('Fail', [text]), refused(refusal));
  await assert.rejects(ledger.evaluate('Fail', [text]), refused(refusal));
  await assert.rejects(ledger.submit('Fail', ['PACKED: no']), refused({ code: 'PACKED', message: 'no' }));
  assert.equal(await ledger.height(), 0);
});

test('what is no refusal comes through unchanged', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  await assert.rejects(ledger.submit('Crash', []), { name: 'TypeError', message: /^ARGUMENT: / });
  await assert.rejects(ledger.submit('Fail', ['something else']), {
    name: 'Error',
    message: 'something else',
  });
  assert.equal(await ledger.height(), 0);
});

test('only the contract’s own functions can be called, with the parameters that they declare', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  for (const name of ['Nothing', 'constructor', 'beforeTransaction', 'toString', '__proto__', '']) {
    await assert.rejects(ledger.submit(name, []), TypeError, name);
  }
  await assert.rejects(ledger.submit('Put', ['a']), {
    message: 'Expected 2 parameters, but 1 have been supplied',
  });
});

test("a key's own endorsement policy is kept through later writes and goes with the key", async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  const policyOf = async (key: string) => Buffer.from(await ledger.evaluate('PolicyOf', [key])).toString();
  await ledger.submit('Policy', ['a', 'too early']);
  await ledger.submit('Put', ['a', 'one']);
  assert.equal(await policyOf('a'), '');
  await ledger.submit('Policy', ['a', 'owner']);
  await ledger.submit('Put', ['a', 'two']);
  assert.equal(await policyOf('a'), 'owner');
  await ledger.submit('Delete', ['a']);
  await ledger.submit('Put', ['a', 'three']);
  assert.equal(await policyOf('a'), '');
});

test('arguments up to 8 MB are taken as they are, larger ones are refused', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  const large = randomBytes(8 * 1024 * 1024 - 10_000);
  const { block } = await ledger.submit('Store', [large]);
  const [found] = await allBlocks(ledger, block);
  assert.ok(large.equals(found?.transactions[0]?.args[0] ?? new Uint8Array()));
  for (const size of [8 * 1024 * 1024, 9 * 1024 * 1024]) {
    await assert.rejects(
      ledger.submit('Store', [new Uint8Array(size)]),
      (error: { refusal?: { code: string } }) => {
        assert.equal(error.refusal?.code, 'TOO_LARGE');
        return true;
      },
    );
  }
  assert.equal(await ledger.height(), 1);
});
