import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFileReader, type ReaderThread } from './file-reader.js';
import type { GoAhead, Job, Message } from './read.worker.js';
import { FileFault, type Reading, type ReadOptions, type SoFar } from './reading.js';

const FILE = new File(['some bytes'], 'report.pdf');
const KNOWN: SoFar = {
  sha256: 'ab'.repeat(32),
  claims: [{ jws: 'a.b.c', host: null, page: null }],
  labels: [],
  evidence: null,
};
const READING: Reading = { ...KNOWN, complete: true, gap: null };

/** A reader with one thread, whose part the test plays. */
function readerOf() {
  const thread: ReaderThread & { told: (Job | GoAhead)[] } = {
    told: [],
    postMessage: (message: Job | GoAhead) => thread.told.push(message),
    terminate: () => undefined,
    onmessage: null,
    onerror: null,
  };
  const givenBack: ('usable' | 'broken')[] = [];
  const clocks: { readonly milliseconds: number; readonly ring: () => void }[] = [];
  const pool = {
    borrow: () => Promise.resolve(thread),
    giveBack: (_: unknown, usable: boolean) => givenBack.push(usable ? 'usable' : 'broken'),
  };
  const readFile = createFileReader(pool, (milliseconds, ring) => {
    clocks.push({ milliseconds, ring });
    return () => clocks.pop();
  });
  const worker = thread as unknown as Worker;
  const say = (message: Message): void =>
    void thread.onmessage?.call(worker, { data: message } as MessageEvent<Message>);
  const fail = (message: string): void => void thread.onerror?.call(worker, { message } as ErrorEvent);
  return { thread, givenBack, clocks, readFile, say, fail };
}

/** Begins to read, and waits until the thread has its job. */
async function begin(
  { thread, readFile }: ReturnType<typeof readerOf>,
  more: Pick<ReadOptions, 'searchMs' | 'isEnough'> = {},
) {
  const caller = new AbortController();
  const shares: number[] = [];
  const onProgress = (share: number) => shares.push(share);
  const reading = readFile(FILE, { onProgress, signal: caller.signal, ...more });
  while (thread.told.length === 0) await Promise.resolve();
  return { reading, caller, shares };
}

test('a reading comes back with its thread, and progress is told on the way', async () => {
  const reader = readerOf();
  const { reading, shares } = await begin(reader, { searchMs: 500 });
  assert.deepEqual(reader.thread.told, [{ file: FILE, searchMs: 500, asks: false }]);
  for (const share of [0.1, 0.3]) reader.say({ share });
  reader.say({ soFar: KNOWN });
  reader.say({ searching: true });
  reader.say({ reading: READING });
  assert.deepEqual(await reading, READING);
  assert.deepEqual(shares, [0.1, 0.3]);
  assert.deepEqual(reader.givenBack, ['usable']);
  assert.equal(reader.clocks.length, 0, 'no clock is left to ring');
});

test('a search that hangs is ended after twice its time, and what was known stays known', async () => {
  const reader = readerOf();
  const { reading } = await begin(reader, { searchMs: 500 });
  reader.say({ soFar: KNOWN });
  assert.equal(reader.clocks.length, 0, 'loading a decoder takes what it takes');
  reader.say({ searching: true });
  const [clock] = reader.clocks;
  assert.equal(clock?.milliseconds, 1000);
  clock.ring();
  assert.deepEqual(await reading, { ...KNOWN, complete: false, gap: 'out-of-time' });
  assert.deepEqual(reader.givenBack, ['broken']);
});

test('who asks for a file is asked whether its hash is enough; when that cannot be told, it is not', async () => {
  for (const [isEnough, answered] of [
    [() => Promise.resolve(true), true],
    [() => Promise.resolve(false), false],
    [() => Promise.reject(new Error('no network')), false],
  ] as const) {
    const reader = readerOf();
    const { reading } = await begin(reader, { isEnough });
    reader.say({ soFar: KNOWN });
    reader.say({ asking: KNOWN });
    while (reader.thread.told.length < 2) await Promise.resolve();
    assert.deepEqual(reader.thread.told[1], { isEnough: answered });
    reader.say({ reading: READING });
    await reading;
  }
});

test('a thread that breaks leaves what was known, and is not used again', async () => {
  for (const breakIt of [
    (reader: ReturnType<typeof readerOf>) => reader.say({ broken: 'RuntimeError: unreachable' }),
    (reader: ReturnType<typeof readerOf>) => reader.fail('out of memory'),
  ]) {
    const reader = readerOf();
    const { reading } = await begin(reader);
    reader.say({ soFar: KNOWN });
    breakIt(reader);
    assert.deepEqual(await reading, { ...KNOWN, complete: false, gap: 'damaged' });
    assert.deepEqual(reader.givenBack, ['broken']);
  }
});

test('a thread that breaks before it knows the hash is a bug, not a reading', async () => {
  const reader = readerOf();
  const { reading } = await begin(reader);
  reader.fail('no such module');
  await assert.rejects(reading, /no such module/);
});

test('a file that is empty or cannot be read is told as such; the thread is none the worse', async () => {
  for (const fault of ['empty', 'unreadable'] as const) {
    const reader = readerOf();
    const { reading } = await begin(reader);
    reader.say({ fault });
    await assert.rejects(reading, new FileFault(fault));
    assert.deepEqual(reader.givenBack, ['usable']);
  }
});

test('who calls it off gets the reason, and the thread with its half-read file is ended', async () => {
  const reader = readerOf();
  const { reading, caller } = await begin(reader);
  caller.abort(new Error('cancelled'));
  await assert.rejects(reading, /cancelled/);
  assert.deepEqual(reader.givenBack, ['broken']);
});
