import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { sha256 } from '@spondon/protocol/crypto-node';
import { LedgerError } from '@spondon/ledger/port';
import { until } from './anchoring.test-support.js';
import { Follower, type FollowerOptions } from './follower.js';
import { LogStore } from './log/store.js';
import { contentsOf, copyOf, issues, MSP, openStore, temporaryFolder } from './sample.test-support.js';
import { ToyLedger } from './toy-ledger.test-support.js';

interface Followed {
  readonly ledger: ToyLedger;
  readonly store: LogStore;
  readonly follower: Follower;
  readonly failures: unknown[];
}

async function follow(t: TestContext, options: Partial<FollowerOptions> = {}): Promise<Followed> {
  const ledger = new ToyLedger();
  const store = options.store ?? (await openStore(t));
  const failures: unknown[] = [];
  const onFailure = (error: unknown): void => void failures.push(error);
  const follower = new Follower({ ledger, store, onFailure, checkpointDelayMs: 2 ** 30, ...options });
  return { ledger, store, follower, failures };
}

function failTest(error: unknown): never {
  assert.fail(String(error));
}

/** Whether a promise is settled by now, when everything that can go on has gone on. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => void (settled = true);
  promise.then(settle, settle);
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  return settled;
}

test('starting resolves once everything that the ledger has is read, and following goes on', async (t) => {
  const { ledger, store, follower } = await follow(t);
  for (const statement of await issues('a', 5)) ledger.append([statement]);
  await follower.start();
  assert.equal(store.nextBlock, 5);
  assert.equal(await follower.lag(), 0);
  ledger.tick();
  assert.equal(await follower.lag(), 1);
  await follower.applied(5);
  assert.equal(store.nextBlock, 6);
  await follower.stop();
});

test('an empty ledger can be followed', async (t) => {
  const { ledger, follower } = await follow(t);
  await follower.start();
  await follower.applied(-1);
  const first = follower.applied(0);
  assert.equal(await isSettled(first), false);
  ledger.tick();
  await first;
  await follower.stop();
});

test('whoever waits for a block is woken when reads see it, not earlier, whatever the order of asking', async (t) => {
  const { ledger, store, follower } = await follow(t);
  await follower.start();
  const seen: string[] = [];
  const ask = (block: number) =>
    follower.applied(block).then(() => seen.push(`${block} at ${store.nextBlock}`));
  const asked = [2, 0, 1, 2].map(ask);
  for (let block = 0; block < 3; block += 1) {
    ledger.tick();
    await follower.applied(block);
    await setImmediate();
  }
  await Promise.all(asked);
  assert.deepEqual(seen, ['0 at 1', '1 at 2', '2 at 3', '2 at 3']);
  await follower.stop();
});

test('each block is told once, after reads see it', async (t) => {
  const told: number[][] = [];
  const store = await openStore(t);
  const { ledger, follower } = await follow(t, {
    store,
    onBlock: ({ number }) => told.push([number, store.nextBlock]),
  });
  for (let block = 0; block < 3; block += 1) ledger.tick();
  await follower.start();
  await follower.stop();
  assert.deepEqual(told, [
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
});

test('stopping leaves everything on disk, and another start goes on from there', async (t) => {
  const folder = await temporaryFolder(t);
  const { ledger, follower } = await follow(t, { store: await LogStore.open(folder, sha256) });
  ledger.append(await issues('a', 300));
  await follower.start();
  await Promise.all([follower.stop(), follower.stop()]);
  const store = await LogStore.open(folder, sha256);
  assert.deepEqual([store.nextBlock, store.head(MSP)?.size], [1, 300]);
  const told: number[] = [];
  const next = new Follower({
    ledger,
    store,
    onFailure: failTest,
    onBlock: ({ number }) => told.push(number),
  });
  ledger.tick();
  await next.start();
  assert.deepEqual(told, [1]);
  await next.stop();
});

test('after stopping, whoever waits is told, and what was read can still be asked for', async (t) => {
  const { ledger, follower, failures } = await follow(t);
  ledger.tick();
  await follower.start();
  const waiting = follower.applied(9);
  const told = assert.rejects(waiting, { code: 'STOPPED' });
  await follower.stop();
  await told;
  await follower.applied(0);
  await assert.rejects(follower.applied(1), { code: 'STOPPED' });
  assert.deepEqual(failures, []);
});

test('stopping a follower that was never started closes its store', async (t) => {
  const folder = await temporaryFolder(t);
  const { follower, failures } = await follow(t, { store: await LogStore.open(folder, sha256) });
  await follower.stop();
  assert.deepEqual(failures, []);
  assert.ok('checkpoint.json' in (await contentsOf(folder)));
});

test('blocks come to disk a while after they were read, without anybody stopping', async (t) => {
  const folder = await temporaryFolder(t);
  const store = await LogStore.open(folder, sha256);
  const { ledger, follower } = await follow(t, { store, checkpointDelayMs: 1 });
  await follower.start();
  for (let block = 0; block < 5; block += 1) {
    ledger.append(await issues(`block ${block}`, 100));
    await until(async () => {
      const copy = await LogStore.open(copyOf(t, folder), sha256);
      await copy.close();
      return copy.nextBlock === block + 1;
    });
  }
  await follower.stop();
});

/** The follower fails with this code, tells it once, and lets nobody wait. */
async function assertFails(
  { follower, failures, store }: Followed,
  code: string,
  waiting: Promise<void>,
): Promise<void> {
  await assert.rejects(waiting, { code });
  assert.equal(failures.length, 1);
  assert.equal((follower.failure as { code?: string }).code, code);
  await assert.rejects(follower.applied(store.nextBlock), { code });
  await follower.stop();
  assert.equal(failures.length, 1);
}

test('a block that does not follow the last one is reported as another history', async (t) => {
  const followed = await follow(t);
  const { ledger, follower } = followed;
  ledger.tick();
  await follower.start();
  const waiting = follower.applied(1);
  const other = new ToyLedger();
  other.admit('bd.dghs.9');
  ledger.chain.push(other.tick());
  ledger.wake();
  await assertFails(followed, 'LEDGER_REWRITTEN', waiting);
});

/** A store that read two blocks of another ledger. */
async function storeOfAnother(t: TestContext): Promise<LogStore> {
  const store = await openStore(t);
  const other = new ToyLedger();
  for (const block of [other.admit('bd.dghs.9'), other.tick()]) store.apply(block);
  return store;
}

test('a ledger that is shorter than what was read of it is another history', async (t) => {
  const followed = await follow(t, { store: await storeOfAnother(t) });
  followed.ledger.tick();
  await assertFails(followed, 'LEDGER_REWRITTEN', followed.follower.start());
});

test('a ledger of the same length with another last block is another history', async (t) => {
  const followed = await follow(t, { store: await storeOfAnother(t) });
  followed.ledger.tick();
  followed.ledger.tick();
  await assertFails(followed, 'LEDGER_REWRITTEN', followed.follower.start());
});

/** Gives its first block and comes to an end there, as `end` has it. */
function ledgerOfOneBlock(end: () => void): ToyLedger {
  const ledger = new ToyLedger();
  ledger.tick();
  const blocks = ledger.blocks.bind(ledger);
  ledger.blocks = async function* (from, signal) {
    for await (const block of blocks(from, signal)) {
      yield block;
      end();
      return;
    }
  };
  return ledger;
}

test('a ledger that can give no more blocks is reported, with its own error', async (t) => {
  const followed = await follow(t, {
    ledger: ledgerOfOneBlock(() => {
      throw new LedgerError('DAMAGED', 'block 1 cannot be read');
    }),
  });
  const waiting = followed.follower.applied(1);
  await followed.follower.start();
  await assertFails(followed, 'DAMAGED', waiting);
});

test('blocks that come to an end while nobody stopped are reported', async (t) => {
  const followed = await follow(t, { ledger: ledgerOfOneBlock(() => undefined) });
  const waiting = followed.follower.applied(1);
  await followed.follower.start();
  await assertFails(followed, 'STOPPED', waiting);
});

test('a ledger that cannot be read at the moment is asked again, from the block that is missing', async (t) => {
  const ledger = new ToyLedger();
  const blocks = ledger.blocks.bind(ledger);
  const asked: number[] = [];
  let connection = new AbortController();
  ledger.blocks = async function* (from, signal) {
    asked.push(from);
    yield* blocks(from, AbortSignal.any([signal, connection.signal]));
    if (connection.signal.aborted) throw new LedgerError('UNAVAILABLE', 'the connection is lost');
  };
  const waits: number[] = [];
  const wait = (ms: number): Promise<void> => {
    if (waits.push(ms) === 3) connection = new AbortController();
    return setImmediate();
  };
  const { store, follower, failures } = await follow(t, { ledger, wait });
  ledger.tick();
  await follower.start();
  connection.abort();
  ledger.tick();
  await until(() => store.nextBlock === 2);
  await until(() => follower.trouble === undefined);
  assert.deepEqual(asked, [0, 1, 1, 1]);
  assert.deepEqual([waits, failures], [[250, 500, 1000], []]);
  await follower.stop();
});

test('a checkpoint that fails at stopping is reported, and stopping goes on', async (t) => {
  const folder = await temporaryFolder(t);
  const { ledger, follower, failures } = await follow(t, { store: await LogStore.open(folder, sha256) });
  await follower.start();
  ledger.append(await issues('a', 10));
  await follower.applied(0);
  await writeFile(join(folder, 'logs'), 'a file in the way');
  await follower.stop();
  assert.equal(failures.length, 1);
});
