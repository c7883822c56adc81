import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { failFiles } from '@spondon/ledger/failing-files.test-support';
import type { Outcome } from '@spondon/ledger/embedded/faulty-storage.test-support';
import { openEmbeddedStore } from './embedded.js';
import { MIB, seededContent, STORE_CONTRACT } from './store-contract.test-support.js';
import type { DocumentStore, StoreProblem } from './store.js';

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-ipfs-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

for (const { promise, check } of STORE_CONTRACT)
  test(`embedded store: ${promise}`, async (t) => check(await openEmbeddedStore(await newFolder(t))));

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function problems(store: DocumentStore): Promise<StoreProblem[]> {
  const all: StoreProblem[] = [];
  for await (const problem of store.verify()) all.push(problem);
  return all;
}

async function drain(store: DocumentStore, cid: string): Promise<number> {
  let length = 0;
  for await (const bytes of store.get(cid)) length += bytes.length;
  return length;
}

test('a flipped byte in any block is found by reading and by verify, and put again repairs it', async (t) => {
  const folder = await newFolder(t);
  const store = await openEmbeddedStore(folder);
  const small = await store.put(seededContent(1000, 'small'));
  const large = await store.put(seededContent(2 * MIB, 'large'));
  for (const file of await filesBelow(folder)) {
    const bytes = await readFile(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const [problem, ...others] = await problems(store);
    assert.deepEqual([problem?.code, problem?.block, others], ['BLOB_DAMAGED', basename(file), []]);
    const damaged = basename(file) === small.cid ? small : large;
    await assert.rejects(drain(store, damaged.cid), { code: 'BLOB_DAMAGED' });
    await store.put(seededContent(1000, 'small'));
    await store.put(seededContent(2 * MIB, 'large'));
    assert.deepEqual(await problems(store), []);
  }
});

test('a missing part is named with its document, and a file that does not belong is told', async (t) => {
  const folder = await newFolder(t);
  const store = await openEmbeddedStore(folder);
  const { cid } = await store.put(seededContent(2 * MIB, 'large'));
  const [part] = (await filesBelow(join(folder, 'parts'))).sort();
  assert.ok(part);
  await rename(part, join(folder, 'documents', 'notes.txt'));
  const found = await problems(store);
  assert.deepEqual(
    found.map(({ code, block, document }) => ({ code, block, document })),
    [
      { code: 'BLOB_STRAY', block: 'notes.txt', document: undefined },
      { code: 'BLOB_MISSING', block: basename(part), document: cid },
    ],
  );
  await assert.rejects(drain(store, cid), { code: 'BLOB_MISSING' });
});

test('what an interrupted put left over is cleaned up at opening, and everything acknowledged is there', async (t) => {
  const folder = await newFolder(t);
  const { cid } = await (await openEmbeddedStore(folder)).put(Uint8Array.of(7));
  await writeFile(join(folder, 'documents', 'temp', '12'), 'half a blo');
  const store = await openEmbeddedStore(folder);
  assert.deepEqual(await readdir(join(folder, 'documents', 'temp')), []);
  assert.equal(await drain(store, cid), 1);
});

test('removing a large document leaves no file behind, and removing the others neither', async (t) => {
  const folder = await newFolder(t);
  const store = await openEmbeddedStore(folder);
  const documents = [
    await store.put(seededContent(2 * MIB, 'a')),
    await store.put(seededContent(2 * MIB + 1, 'a')),
  ];
  for (const { cid } of documents) await store.remove(cid);
  assert.deepEqual(await filesBelow(folder), []);
});

test('only the owner can read the blocks', async (t) => {
  const folder = await newFolder(t);
  await (await openEmbeddedStore(folder)).put(Uint8Array.of(7));
  const [file] = await filesBelow(folder);
  assert.ok(file);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('a put that cannot be written fails with the error of the file system', async (t) => {
  const folder = await newFolder(t);
  const store = await openEmbeddedStore(folder);
  await rm(join(folder, 'documents', 'temp'), { recursive: true });
  await assert.rejects(store.put(Uint8Array.of(7)), { code: 'ENOENT' });
});

test('whichever write of a put fails, it is not acknowledged with a hole, and put again it is whole', async (t) => {
  const store = await openEmbeddedStore(await newFolder(t));
  let calls = 0;
  let strike: { readonly at: number; readonly outcome: Outcome } | null = null;
  failFiles(t, () => (calls++ === strike?.at ? strike.outcome : null));
  for (const size of [1000, 2 * MIB]) {
    const put = () => store.put(seededContent(size, 'document'));
    calls = 0;
    const { cid } = await put();
    const count = calls;
    assert.ok(count >= 5);
    for (let at = 0; at < count; at += 1) {
      for (const outcome of ['lost', 'half', 'applied'] as const) {
        await store.remove(cid);
        calls = 0;
        strike = { at, outcome };
        await assert.rejects(put(), { code: 'ENOSPC' });
        strike = null;
        if (await store.has(cid)) assert.equal(await drain(store, cid), size);
        await put();
        assert.equal(await drain(store, cid), size);
        assert.deepEqual(await problems(store), []);
      }
    }
  }
});

const OPEN_AND_PUT = `
  import { openEmbeddedStore } from ${JSON.stringify(new URL('./embedded.js', import.meta.url).href)};
  const [folder, count] = process.argv.slice(1);
  const store = await openEmbeddedStore(folder);
  for (let i = 0; i < count; i++) {
    const document = Buffer.alloc(i % 10 === 9 ? 1_100_000 : 5_000, 'document ' + i);
    process.stdout.write((await store.put(document)).cid + '\\n');
  }`;
const putting = (folder: string, count: number) => [
  '--input-type=module',
  '-e',
  OPEN_AND_PUT,
  folder,
  String(count),
];

test('killed at any moment, the store keeps every document it acknowledged', async (t) => {
  const folder = await newFolder(t);
  for (const acknowledgements of [1, 14, 39]) {
    const child = spawn(process.execPath, putting(folder, 1_000_000), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      acknowledged.push(line);
      if (acknowledged.length === acknowledgements) child.kill('SIGKILL');
    }
    const store = await openEmbeddedStore(folder);
    assert.ok(acknowledged.length >= acknowledgements);
    for (const cid of acknowledged) assert.ok((await drain(store, cid)) > 0);
    assert.deepEqual(await problems(store), []);
  }
});

const strace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

test(
  'a block is on disk before its name, and its name before the acknowledgement',
  { skip: !strace },
  async (t) => {
    const folder = await newFolder(t);
    await openEmbeddedStore(folder);
    const calls = 'trace=fdatasync,fsync,rename,renameat,renameat2,write';
    const log = join(await newFolder(t), 'strace.log');
    const child = spawn(
      'strace',
      ['-f', '-y', '-s', '100', '-e', calls, '-o', log, process.execPath, ...putting(folder, 3)],
      {
        stdio: 'ignore',
      },
    );
    await once(child, 'exit');
    const lines = (await readFile(log, 'utf8')).split('\n');
    const at = (pattern: RegExp, from: number) =>
      lines.findIndex((line, i) => i >= from && pattern.test(line));
    let start = 0;
    for (let put = 0; put < 3; put++) {
      const synced = at(/ fdatasync\(.*documents\/temp\/\d+>/, start);
      const renamed = at(/ rename.*documents\/temp\/\d+"/, start);
      const named = at(/ fsync\(.*documents\/[a-z2-7]>/, renamed);
      const acknowledged = at(/ write\(1.*bafk/, start);
      assert.ok(start <= synced && synced < renamed && renamed < named && named < acknowledged, `put ${put}`);
      start = acknowledged + 1;
    }
  },
);
