import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Contract } from 'fabric-contract-api';
import { openCall } from './call.js';
import { serve } from './dispatch.js';
import { Refusal } from './refusal.js';
import type { Stub } from './stub.js';

class Toy extends Contract {
  readonly bug = new TypeError('a bug');
  readonly seen: (readonly Uint8Array[])[] = [];

  Echo(ctx: Parameters<typeof openCall>[0]): Promise<string> {
    const { args, caller } = openCall(ctx, 'Echo', ['bytes']);
    this.seen.push(args);
    return Promise.resolve(`from ${caller}`);
  }
  Nothing(): Promise<void> {
    return Promise.resolve();
  }
  Refuse(): Promise<void> {
    return Promise.reject(new Refusal('ISSUER_UNKNOWN', 'never admitted', 3));
  }
  Fail(): Promise<void> {
    return Promise.reject(this.bug);
  }
  Hidden(): Promise<string> {
    return Promise.resolve('not listed');
  }
}

function serveToy() {
  const toy = new Toy('toy');
  const errors: unknown[] = [];
  const execute = serve({
    contract: toy,
    transactions: ['Echo', 'Nothing', 'Refuse', 'Fail'],
    unforeseen: (error) => errors.push(error),
  });
  const call = async (...args: readonly (string | Uint8Array)[]) => {
    const stub = {
      getBufferArgs: () => args.map((arg) => Buffer.from(arg as Uint8Array)),
      getChannelID: () => 'records',
      getDateTimestamp: () => new Date(0),
    } as unknown as Stub;
    const { status, message, payload } = await execute(stub, 'SampleMSP');
    return { status, message, payload: Buffer.from(payload).toString() };
  };
  return { toy, errors, call };
}

test('a function gets the bytes that were sent, and its answer goes back', async () => {
  const { toy, call } = serveToy();
  const bytes = Uint8Array.of(0xff, 0x00, 0xfe);
  assert.deepEqual(await call('Echo', bytes), { status: 200, message: '', payload: 'from SampleMSP' });
  assert.deepEqual(
    toy.seen.map((args) => args.map((arg) => [...arg])),
    [[[...bytes]]],
  );
});

test('a function that answers nothing gives no bytes', async () => {
  assert.deepEqual(await serveToy().call('Nothing'), { status: 200, message: '', payload: '' });
});

test('a refusal reaches the client in its own words, and nobody is alarmed', async () => {
  const { errors, call } = serveToy();
  assert.deepEqual(await call('Refuse'), {
    status: 500,
    message: 'ISSUER_UNKNOWN[3]: never admitted',
    payload: '',
  });
  assert.deepEqual(errors, []);
});

test('any other error is told of, and does not look like a refusal', async () => {
  const { toy, errors, call } = serveToy();
  const { status, message } = await call('Fail');
  assert.deepEqual([status, message], [500, 'TypeError: a bug']);
  assert.deepEqual(errors, [toy.bug]);
});

test('only listed functions are called, by their plain names', async () => {
  const { call } = serveToy();
  for (const name of ['Hidden', 'toy:Nothing', 'constructor', 'getName', '', 'nothing']) {
    const { status, message } = await call(name);
    assert.equal(status, 500);
    assert.match(message, /^ARGUMENT: /);
  }
  assert.match((await call()).message, /^ARGUMENT: /);
});
