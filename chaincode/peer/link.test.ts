import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import fc from 'fast-check';
import type { Answer } from '../dispatch.js';
import { Drain } from '../drain.js';
import type { Stub } from '../stub.js';
import {
  FakePeer,
  HOST,
  Type,
  input,
  linkEnd,
  linkTls,
  signedProposal,
  type End,
  type Heard,
} from './fake-peer.test-support.js';
import { listen } from './listen.js';

const ID = `records_1:${'0'.repeat(64)}`;

/** What the chaincode does, by the name of the function that is called. */
const FUNCTIONS: Readonly<Record<string, (stub: Stub, caller: string) => Promise<string>>> = {
  Say: (stub, caller) =>
    Promise.resolve(
      [
        caller,
        stub.getChannelID(),
        stub.getDateTimestamp().toISOString(),
        hex(stub.getBufferArgs()[1] ?? new Uint8Array()),
      ].join(' '),
    ),
  Size: (stub) => Promise.resolve(String(stub.getBufferArgs()[1]?.length)),
  Get: async (stub) => Buffer.from(await stub.getState('a')).toString(),
  GetBoth: async (stub) => {
    const both = await Promise.all([stub.getState('a'), stub.getState('b')]);
    return both.map((value) => Buffer.from(value).toString()).join();
  },
  Write: async (stub) => {
    await stub.putState('put', Uint8Array.of(1, 0xff));
    await stub.deleteState('deleted');
    await stub.setStateValidationParameter('put', Uint8Array.of(2));
    return 'written';
  },
  Throw: () => Promise.reject(new Error('a bug')),
  AskLater: async (stub) => {
    later = () => stub.getState('late');
    return Promise.resolve('answered');
  },
};
let later: (() => Promise<Uint8Array>) | undefined;

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

async function execute(stub: Stub, caller: string): Promise<Answer> {
  const name = Buffer.from(stub.getBufferArgs()[0] ?? []).toString();
  const payload = await FUNCTIONS[name]?.(stub, caller);
  if (payload === undefined)
    return { status: 500, message: 'ARGUMENT: no such function', payload: new Uint8Array() };
  return { status: 200, message: '', payload: Buffer.from(payload) };
}

const drain = new Drain();
const log: string[] = [];
let server: End;
let peers: End;
let port: number;
let close: () => void;

before(async () => {
  [server, peers] = await Promise.all([linkEnd(), linkEnd()]);
  const chaincode = { id: ID, execute, drain, log: (line: string) => log.push(line) };
  ({ port, close } = await listen(`${HOST}:0`, linkTls(server, peers), chaincode));
});
after(() => close());

const readyPeer = () => FakePeer.ready(port, server, peers);

function text({ payload }: Heard): string {
  return Buffer.from(payload).toString();
}

function response({ type, payload }: Heard): {
  type: number;
  status: number;
  message: string;
  payload: string;
} {
  const { status, message, payload: content } = peer.Response.deserializeBinary(payload).toObject();
  return { type, status, message, payload: Buffer.from(content as string, 'base64').toString() };
}

function completed(payload: string) {
  return { type: Type.COMPLETED, status: 200, message: '', payload };
}

test('a peer is told which chaincode it has reached', async () => {
  const fake = new FakePeer(port, server, peers);
  const { type, payload } = await fake.hear();
  assert.equal(type, Type.REGISTER);
  assert.equal(peer.ChaincodeID.deserializeBinary(payload).getName(), ID);
  fake.leave();
});

test('a transaction is executed with its bytes, its maker and its time, and answered under its own name', async () => {
  const fake = await readyPeer();
  for (const type of [Type.TRANSACTION, Type.INIT]) {
    fake.say(type, {
      channel: 'records',
      txid: '1a',
      payload: input('Say', Uint8Array.of(0xff, 0, 0xfe)),
      proposal: signedProposal({ mspId: 'HospitalMSP', seconds: 1_800_000_000, nanos: 5_000_000 }),
    });
    const answer = await fake.hear();
    assert.deepEqual([answer.channel, answer.txid], ['records', '1a']);
    assert.deepEqual(response(answer), completed('HospitalMSP records 2027-01-15T08:00:00.005Z ff00fe'));
  }
  fake.leave();
});

test('a refusal by the contract is an answer like another', async () => {
  const fake = await readyPeer();
  fake.call('1', 'Unknown');
  assert.deepEqual(response(await fake.hear()), {
    type: Type.COMPLETED,
    status: 500,
    message: 'ARGUMENT: no such function',
    payload: '',
  });
  fake.leave();
});

test('a batch beyond the limit that gRPC has by itself arrives', async () => {
  const fake = await readyPeer();
  const size = 5 * 1024 * 1024;
  fake.call('1', 'Size', new Uint8Array(size));
  assert.deepEqual(response(await fake.hear()), completed(String(size)));
  fake.leave();
});

test('state is read and written by asking the peer', async () => {
  const fake = await readyPeer();
  fake.call('1', 'Get');
  const get = await fake.hear();
  assert.deepEqual([get.type, get.channel, get.txid], [Type.GET_STATE, 'records', '1']);
  assert.deepEqual(peer.GetState.deserializeBinary(get.payload).toObject(), { key: 'a', collection: '' });
  fake.respond(get, 'value');
  assert.deepEqual(response(await fake.hear()), completed('value'));

  fake.call('2', 'Write');
  const put = await fake.hear();
  assert.equal(put.type, Type.PUT_STATE);
  assert.deepEqual(peer.PutState.deserializeBinary(put.payload).toObject(), {
    key: 'put',
    value: Buffer.from([1, 0xff]).toString('base64'),
    collection: '',
  });
  fake.respond(put);
  const del = await fake.hear();
  assert.equal(del.type, Type.DEL_STATE);
  assert.deepEqual(peer.DelState.deserializeBinary(del.payload).toObject(), {
    key: 'deleted',
    collection: '',
  });
  fake.respond(del);
  const policy = await fake.hear();
  assert.equal(policy.type, Type.PUT_STATE_METADATA);
  assert.deepEqual(peer.PutStateMetadata.deserializeBinary(policy.payload).toObject(), {
    key: 'put',
    collection: '',
    metadata: { metakey: 'VALIDATION_PARAMETER', value: Buffer.from([2]).toString('base64') },
  });
  fake.respond(policy);
  assert.deepEqual(response(await fake.hear()), completed('written'));
  fake.leave();
});

test('a transaction asks one question at a time, because a peer drops the second', async () => {
  const fake = await readyPeer();
  fake.call('1', 'GetBoth');
  const first = await fake.hear();
  // Whatever else the chaincode had sent would be heard before this.
  fake.say(Type.KEEPALIVE);
  assert.equal((await fake.hear()).type, Type.KEEPALIVE);
  fake.respond(first, 'A');
  const second = await fake.hear();
  assert.equal(peer.GetState.deserializeBinary(second.payload).getKey(), 'b');
  fake.respond(second, 'B');
  assert.deepEqual(response(await fake.hear()), completed('A,B'));
  fake.leave();
});

test('many transactions go on at once, also of one id in two channels', async () => {
  const fake = await readyPeer();
  const names = [
    { channel: 'records', txid: '1' },
    { channel: 'records', txid: '2' },
    { channel: 'shares', txid: '1' },
  ];
  for (const name of names) {
    fake.say(Type.TRANSACTION, { ...name, payload: input('Get'), proposal: signedProposal({}) });
  }
  const questions = [await fake.hear(), await fake.hear(), await fake.hear()];
  for (const question of questions.reverse()) {
    fake.respond(question, `${question.channel} ${question.txid}`);
    const answer = await fake.hear();
    assert.deepEqual([answer.channel, answer.txid], [question.channel, question.txid]);
    assert.equal(response(answer).payload, `${question.channel} ${question.txid}`);
  }
  fake.leave();
});

test('what the peer refuses is an error of the transaction, in the words of the peer', async () => {
  const fake = await readyPeer();
  fake.call('1', 'Get');
  await fake.hear();
  fake.say(Type.ERROR, { channel: 'records', txid: '1', payload: Buffer.from('no ledger context') });
  const answer = await fake.hear();
  assert.equal(answer.type, Type.ERROR);
  assert.match(text(answer), /no ledger context/);
  fake.leave();
});

test('a chaincode that fails answers an error, and is told of', async () => {
  const fake = await readyPeer();
  fake.call('f00d', 'Throw');
  const answer = await fake.hear();
  assert.deepEqual([answer.type, answer.txid, text(answer)], [Type.ERROR, 'f00d', 'Error: a bug']);
  assert.ok(log.some((line) => line.endsWith('cannot execute f00d: Error: a bug')));
  fake.leave();
});

test('a transaction that cannot be read is refused, and the next one executed', async () => {
  const fake = await readyPeer();
  const whole = { channel: 'records', txid: '1', payload: input('Say'), proposal: signedProposal({}) };
  const damaged = new peer.SignedProposal();
  damaged.setProposalBytes(Uint8Array.of(0x0a, 0xff));
  for (const broken of [
    { ...whole, payload: Uint8Array.of(0x0a, 0xff) },
    { ...whole, proposal: damaged },
    { channel: 'records', txid: '1', payload: input('Say') },
  ]) {
    fake.say(Type.TRANSACTION, broken);
    assert.equal((await fake.hear()).type, Type.ERROR);
  }
  fake.say(Type.TRANSACTION, whole);
  assert.equal((await fake.hear()).type, Type.COMPLETED);
  fake.leave();
});

test('a transaction that is being executed is not begun again', async () => {
  const fake = await readyPeer();
  fake.call('1', 'Get');
  const question = await fake.hear();
  fake.call('1', 'Get');
  const refused = await fake.hear();
  assert.deepEqual([refused.type, text(refused)], [Type.ERROR, 'the transaction is being executed']);
  fake.respond(question, 'once');
  assert.deepEqual(response(await fake.hear()), completed('once'));
  fake.leave();
});

test('an answer that nobody waits for is left alone', async () => {
  const fake = await readyPeer();
  for (const type of [Type.RESPONSE, Type.ERROR]) fake.say(type, { channel: 'records', txid: 'dead' });
  fake.call('1', 'Get');
  const question = await fake.hear();
  fake.respond(question, 'first');
  fake.respond(question, 'second');
  assert.deepEqual(response(await fake.hear()), completed('first'));
  assert.ok(log.some((line) => line.endsWith('nobody waited for an answer in dead')));
  fake.leave();
});

test('a question after the answer fails', async () => {
  const fake = await readyPeer();
  fake.call('1', 'AskLater');
  await fake.hear();
  assert.ok(later);
  await assert.rejects(later(), /has its answer/);
  fake.leave();
});

test('a ping comes back in every state', async () => {
  const fake = new FakePeer(port, server, peers);
  await fake.hear();
  for (const next of [Type.REGISTERED, Type.READY, undefined]) {
    fake.say(Type.KEEPALIVE);
    assert.equal((await fake.hear()).type, Type.KEEPALIVE);
    if (next !== undefined) fake.say(next);
  }
  fake.leave();
});

test('a message that makes no sense in its state ends the conversation with an error', async () => {
  const ready = [Type.REGISTERED, Type.READY];
  for (const [earlier, strange] of [
    [[], Type.READY],
    [[], Type.TRANSACTION],
    [[Type.REGISTERED], Type.REGISTERED],
    [[Type.REGISTERED], Type.TRANSACTION],
    [[Type.REGISTERED], Type.RESPONSE],
    [ready, Type.READY],
    [ready, Type.COMPLETED],
    [ready, Type.UNDEFINED],
    [ready, 99],
  ] as const) {
    const fake = new FakePeer(port, server, peers);
    await fake.hear();
    for (const type of earlier) fake.say(type);
    fake.say(strange, { channel: 'records', txid: '1' });
    const refused = await fake.hear();
    assert.deepEqual([refused.type, refused.txid], [Type.ERROR, '1']);
    assert.match(text(refused), new RegExp(`^a message of type ${strange} makes no sense when `));
    assert.equal(await fake.ended, undefined);
  }
});

test('bytes that are no message end the conversation, and no other one', async () => {
  const other = await readyPeer();
  other.call('1', 'Get');
  const question = await other.hear();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), async (bytes) => {
      const fake = await readyPeer();
      fake.sayBytes(bytes);
      // A field that nobody knows is no damage: then this ends it.
      fake.sayBytes(Uint8Array.of(0x1a, 0xff));
      await fake.ended;
    }),
    { numRuns: 50 },
  );
  other.respond(question, 'still here');
  assert.deepEqual(response(await other.hear()), completed('still here'));
  other.leave();
});

test('a peer that leaves in the middle ends its transactions, and is missed by nobody', async () => {
  const fake = await readyPeer();
  fake.call('cafe', 'Get');
  await fake.hear();
  fake.leave();
  await drain.idle();
  assert.ok(log.some((line) => line.includes("cannot execute cafe: Error: the peer's connection has ended")));
  const next = await readyPeer();
  next.call('1', 'Say');
  assert.equal((await next.hear()).type, Type.COMPLETED);
  next.leave();
});

test('whoever waits for the end of the work waits for the answer to be sent', async () => {
  const fake = await readyPeer();
  fake.call('1', 'Get');
  const question = await fake.hear();
  let idle = false;
  const end = drain.idle().then(() => (idle = true));
  fake.say(Type.KEEPALIVE);
  await fake.hear();
  assert.equal(idle, false);
  fake.respond(question, 'x');
  await end;
  assert.equal((await fake.hear()).type, Type.COMPLETED);
  fake.leave();
});

test("a peer without the peers' certificate is refused, one that takes us for another too", async () => {
  const stranger = await linkEnd();
  for (const [trusted, own] of [
    [server, undefined],
    [server, stranger],
    [stranger, peers],
  ] as const) {
    const fake = new FakePeer(port, trusted, own);
    assert.equal((await fake.ended)?.code, status.UNAVAILABLE);
    fake.leave();
  }
});

test('an address that is taken is an error', async () => {
  const chaincode = { id: ID, execute, drain, log: () => undefined };
  await assert.rejects(listen(`${HOST}:${port}`, linkTls(server, peers), chaincode), /EADDRINUSE/);
});
