import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { sha256 } from '@spondon/protocol/crypto-node';
import type { SignedStatement } from '@spondon/protocol/statement';
import type { Block } from '@spondon/ledger/port';
import { failFiles, type FileFate } from '@spondon/ledger/failing-files.test-support';
import { until } from './anchoring.test-support.js';
import { Follower } from './follower.js';
import { readCheckpoint } from './log/checkpoint.js';
import { rebuildLog } from './log/rebuild.js';
import { LogStore } from './log/store.js';
import { contentsOf, issues, temporaryFolder } from './sample.test-support.js';
import { ToyLedger } from './toy-ledger.test-support.js';

interface History {
  readonly blocks: readonly Block[];
  /** The first statement of each block that has any. */
  readonly samples: ReadonlyMap<number, SignedStatement>;
}

/** Two logs that grow by so many statements at a time, and two admissions. */
async function historyOf(...counts: readonly number[]): Promise<History> {
  const ledger = new ToyLedger();
  const samples = new Map<number, SignedStatement>();
  ledger.admit('bd.dghs.1');
  for (const [at, count] of counts.entries()) {
    const statements = await issues(`block ${at}`, count);
    if (statements[0]) samples.set(ledger.chain.length, statements[0]);
    ledger.append(statements, at === 1 ? 'ClinicMSP' : 'HospitalMSP');
  }
  ledger.admit('bd.dghs.2');
  return { blocks: ledger.chain, samples };
}

/** The files of a follower that nothing happened to. */
async function filesOf(t: TestContext, { blocks }: History): Promise<Record<string, string>> {
  const [folder, ledger] = [await temporaryFolder(t), new ToyLedger()];
  ledger.chain.push(...blocks);
  await rebuildLog(ledger, folder, sha256, blocks.length);
  return contentsOf(folder);
}

/** Follows the blocks one by one, each to the disk, and looks up meanwhile what was read. Returns what failed. */
async function follow(
  t: TestContext,
  { blocks, samples }: History,
  straight: Record<string, string>,
  fate: FileFate,
): Promise<unknown[]> {
  const ledger = new ToyLedger();
  const folder = await temporaryFolder(t);
  const store = await LogStore.open(folder, sha256);
  const troubles: unknown[] = [];
  const follower = new Follower({
    ledger,
    store,
    onTrouble: (error) => troubles.push(error),
    onFailure: (error) => assert.fail(String(error)),
    checkpointDelayMs: 0,
    wait: () => setImmediate(),
  });
  await follower.start();
  let works = false;
  let read = 0;
  const forgotten: unknown[] = [];
  failFiles(t, (call, path) => {
    // Whatever is being written, reads know what they knew.
    if (store.nextBlock < read || !knows(store, samples, read)) forgotten.push([call, path]);
    read = store.nextBlock;
    return works ? null : fate(call, path);
  });
  for (const block of blocks) {
    ledger.chain.push(block);
    ledger.wake();
    await until(
      async () =>
        store.nextBlock > block.number &&
        (await follower.isCurrent()) &&
        (await readCheckpoint(folder)).block > block.number,
    );
    await follower.applied(block.number);
  }
  works = true;
  await follower.stop();
  assert.deepEqual(forgotten, []);
  // What failed at the very end, the next start makes good.
  await rebuildLog(ledger, folder, sha256, blocks.length);
  assert.deepEqual(await contentsOf(folder), straight);
  return troubles;
}

function knows(store: LogStore, samples: History['samples'], read: number): boolean {
  return [...samples].every(
    ([block, { text, statement }]) =>
      block >= read || store.findByCode(statement.jti)[0]?.signed.text === text,
  );
}

/** Between two calls that fail in one life. */
const STRIDE = 12;

/**
 * Every call that the history brings about and `concerns` is about fails in each way, in one life or another; those that
 * repeat them may fail too.
 */
async function strikeAll(
  t: TestContext,
  history: History,
  concerns: (path: string) => boolean,
): Promise<void> {
  const straight = await filesOf(t, history);
  let calls = 0;
  await follow(t, history, straight, (_, path) => (concerns(path) && (calls += 1), null));
  let told = 0;
  for (const outcome of ['lost', 'half', 'applied'] as const) {
    for (let first = 0; first < Math.min(STRIDE, calls); first += 1) {
      await t.test(`${outcome}, from call ${first} on`, async (each) => {
        let call = -1;
        const troubles = await follow(each, history, straight, (_, path) => {
          if (!concerns(path)) return null;
          call += 1;
          return call < calls && call % STRIDE === first ? outcome : null;
        });
        for (const error of troubles) assert.equal((error as { code?: string }).code, 'UNWRITABLE');
        told += troubles.length;
      });
    }
  }
  assert.ok(told > calls, 'most are noticed at once, not by the next start');
}

test('whichever write of the follower fails, it goes on by itself, and look-ups find all that was read', async (t) => {
  await strikeAll(t, await historyOf(300, 20, 30), () => true);
});

test('the same for the files that come with thousands of entries', async (t) => {
  await strikeAll(t, await historyOf(4000, 20, 100), (path) => path.includes('/index/0'));
});

test('while nothing can be written, reads keep up with the ledger; then all is made good', async (t) => {
  const { blocks, samples } = await historyOf(300, 20, 30);
  const [ledger, folder] = [new ToyLedger(), await temporaryFolder(t)];
  const store = await LogStore.open(folder, sha256);
  const waits: number[] = [];
  let full = false;
  let retry = (): void => undefined;
  const follower = new Follower({
    ledger,
    store,
    onFailure: (error) => assert.fail(String(error)),
    checkpointDelayMs: 0,
    wait: (ms) => (waits.push(ms), new Promise((resolve) => (retry = resolve))),
  });
  const come = (...some: readonly Block[]): void => {
    ledger.chain.push(...some);
    ledger.wake();
  };
  await follower.start();
  failFiles(t, () => (full ? 'lost' : null));
  full = true;
  come(...blocks.slice(0, 2));
  await until(() => waits.length === 1);
  assert.deepEqual([await follower.isCurrent(), store.nextBlock], [true, 2]);
  assert.equal((follower.trouble as { code?: string }).code, 'UNWRITABLE');
  come(...blocks.slice(2));
  await follower.applied(blocks.length - 1);
  assert.ok(await follower.isCurrent());
  for (let attempt = 2; attempt < 8; attempt += 1) {
    retry();
    await until(() => waits.length === attempt);
    assert.ok(knows(store, samples, blocks.length));
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 5000, 5000]);
  full = false;
  retry();
  await until(() => follower.trouble === undefined);
  assert.ok(knows(store, samples, blocks.length));
  await follower.stop();
  assert.deepEqual(await contentsOf(folder), await filesOf(t, { blocks, samples }));
});

test('reads that have fallen behind, because memory has its bounds too, are not taken for current', async (t) => {
  const history = await historyOf(1, 1, ...Array.from({ length: 6 }, () => 4000));
  const [ledger, folder] = [new ToyLedger(), await temporaryFolder(t)];
  const store = await LogStore.open(folder, sha256);
  let full = true;
  let retry = (): void => undefined;
  const follower = new Follower({
    ledger,
    store,
    onFailure: (error) => assert.fail(String(error)),
    checkpointDelayMs: 0,
    wait: () => new Promise((resolve) => (retry = resolve)),
  });
  await follower.start();
  failFiles(t, () => (full ? 'lost' : null));
  ledger.chain.push(...history.blocks);
  ledger.wake();
  await until(() => store.isCrowded);
  const last = follower.applied(history.blocks.length - 1);
  assert.deepEqual([await follower.isCurrent(), (await follower.lag()) > 0], [false, true]);
  retry();
  await assert.rejects(last, { code: 'UNWRITABLE' });
  await until(() => store.isCrowded);
  full = false;
  retry();
  await setImmediate();
  await follower.applied(history.blocks.length - 1);
  assert.ok(await follower.isCurrent());
  assert.ok(knows(store, history.samples, history.blocks.length));
  await follower.stop();
  assert.deepEqual(await contentsOf(folder), await filesOf(t, history));
});

test('a follower in trouble stops when it is told to, and the next start reads again what did not come to disk', async (t) => {
  const { blocks, samples } = await historyOf(10);
  const [ledger, folder] = [new ToyLedger(), await temporaryFolder(t)];
  const troubles: unknown[] = [];
  let full = true;
  const follower = new Follower({
    ledger,
    store: await LogStore.open(folder, sha256),
    onTrouble: (error) => troubles.push(error),
    onFailure: (error) => assert.fail(String(error)),
    checkpointDelayMs: 0,
  });
  await follower.start();
  failFiles(t, () => (full ? 'lost' : null));
  ledger.chain.push(...blocks);
  ledger.wake();
  await until(() => troubles.length > 0);
  await follower.stop();
  await assert.rejects(follower.applied(blocks.length), { code: 'STOPPED' });
  full = false;
  await rebuildLog(ledger, folder, sha256, blocks.length);
  assert.deepEqual(await contentsOf(folder), await filesOf(t, { blocks, samples }));
});
