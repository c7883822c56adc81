import assert from 'node:assert/strict';
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { before, test, type TestContext } from 'node:test';
import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import { sha256 } from '@spondon/protocol/crypto-node';
import { decodeEntry } from '@spondon/protocol/entry';
import { verifyInclusion } from '@spondon/protocol/merkle/inclusion';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { packStatements } from '@spondon/protocol/pack';
import { logKey, statusKey } from '@spondon/protocol/records';
import { parseStatement, type SignedStatement } from '@spondon/protocol/statement';
import type { Block } from '@spondon/ledger/port';
import {
  contentsOf,
  copyOf,
  documentIdOf,
  issue,
  issues,
  MSP,
  NOON,
  randomNumbers,
  revoke,
  temporaryFolder,
} from '../sample.test-support.js';
import { ToyLedger } from '../toy-ledger.test-support.js';
import { rebuildLog } from './rebuild.js';
import { LogStore } from './store.js';

const CLINIC = 'ClinicMSP';
const ledger = new ToyLedger();
let statements: SignedStatement[] = [];

/** A ledger with everything that a store reads: two logs, batches of all sizes, a registry, ticks, invalid transactions. */
before(async () => {
  const random = randomNumbers(9);
  statements = await issues('document', 6000);
  ledger.tick();
  ledger.admit('bd.dghs.1');
  for (let from = 0; from < statements.length;) {
    const to = Math.min(statements.length, from + 1 + Math.floor(random() ** 3 * 900));
    ledger.append(statements.slice(from, to), random() < 0.7 ? MSP : CLINIC);
    if (random() < 0.2) ledger.admit(`bd.dghs.${from}`);
    if (random() < 0.2) ledger.tick();
    if (random() < 0.2) ledger.write('Append', ['0', new Uint8Array([9]), '[]'], {}, { valid: false });
    from = to;
  }
  ledger.append([await revoke('document-5'), await issue('document-5', { iss: 'bd.dghs.2' })], CLINIC);
  ledger.write('Decide', ['{}'], {
    [statusKey('bd.dghs.1', documentIdOf('document-5'))]: {
      reason: 'error',
      at: 1,
      index: 2,
      mspId: CLINIC,
      annulled: 3,
    },
  });
});

async function openEmpty(t: TestContext): Promise<{ folder: string; store: LogStore }> {
  const folder = await temporaryFolder(t);
  return { folder, store: await LogStore.open(folder, sha256) };
}

function applyAll(store: LogStore, to = ledger.chain.length): void {
  for (const block of ledger.chain.slice(store.nextBlock, to)) store.apply(block);
}

/** The files of a store that read all blocks up to `end` and was closed. */
async function rebuilt(t: TestContext, end: number): Promise<Record<string, string>> {
  const folder = await temporaryFolder(t);
  await rebuildLog(ledger, folder, sha256, end);
  return contentsOf(folder);
}

test('what a block brought can be read as soon as it is applied', async (t) => {
  const { store } = await openEmpty(t);
  const [first, second] = await issues('at once', 2);
  const own = new ToyLedger();
  assert.ok(first && second);
  store.apply(own.append([first, second]));
  const [found, ...others] = store.findByCode(first.statement.jti);
  assert.deepEqual(others, []);
  assert.deepEqual(found, { mspId: MSP, index: 0, at: NOON, signed: first });
  assert.deepEqual(decodeEntry(store.entry(MSP, 1)), { at: NOON, text: second.text });
  assert.equal(store.head(MSP)?.size, 2);
  assert.equal(store.nextBlock, 1);
  await store.close();
});

test('every statement is found by its hash and by its code, with an inclusion path to the head', async (t) => {
  const { folder, store } = await openEmpty(t);
  applyAll(store);
  await store.close();
  const reopened = await LogStore.open(folder, sha256);
  for (const known of [reopened]) {
    for (const [at, { text, statement }] of statements.entries()) {
      if (at % 7 > 0 || statement.op !== 'issue') continue;
      const [byHash] = known.findByHash(decodeBase64url(statement.sha256));
      const [byCode] = known.findByCode(statement.jti);
      assert.equal(byHash?.signed.text, text);
      assert.deepEqual(byCode, byHash);
      const { mspId, index } = byHash;
      const head = known.head(mspId);
      assert.ok(head);
      const leaf = leafHash(known.entry(mspId, index), sha256);
      verifyInclusion(
        leaf,
        index,
        head.size,
        known.inclusionPath(mspId, index, head.size),
        decodeBase64url(head.root),
        sha256,
      );
    }
  }
  assert.deepEqual(reopened.findByHash(sha256(Buffer.from('nobody issued this'))), []);
  assert.deepEqual(reopened.findByCode(documentIdOf('nor this')), []);
  await reopened.close();
});

test('entries at hand are taken as they are, and what else stands under the code is read', async (t) => {
  const { store } = await openEmpty(t);
  applyAll(store);
  const jti = documentIdOf('document-5');
  const listed = store.findByCode(jti);
  for (const [place, atHand] of listed.entries()) {
    const again = store.findByCode(jti, [atHand]);
    assert.deepEqual(again, listed);
    assert.deepEqual(
      again.map((entry) => entry === atHand),
      listed.map((_, at) => at === place),
    );
  }
  await store.close();
});

test('a code lists issues and revocations of every issuer in the order of the ledger, a hash issues alone', async (t) => {
  const { store } = await openEmpty(t);
  applyAll(store);
  const jti = documentIdOf('document-5');
  const listed = store.findByCode(jti).map(({ signed: { statement } }) => [statement.op, statement.iss]);
  assert.deepEqual(listed, [
    ['issue', 'bd.dghs.1'],
    ['revoke', 'bd.dghs.1'],
    ['issue', 'bd.dghs.2'],
  ]);
  const { statement } = await issue('document-5');
  assert.ok(statement.op === 'issue');
  const byHash = store
    .findByHash(decodeBase64url(statement.sha256))
    .map(({ signed }) => signed.statement.iss);
  assert.deepEqual(byHash, ['bd.dghs.1', 'bd.dghs.2']);
  assert.equal(store.annulment('bd.dghs.1', jti)?.annulled, 3);
  assert.equal(store.annulment('bd.dghs.2', jti), undefined);
  await store.close();
});

test('registry and clock follow the ledger, and survive closing', async (t) => {
  const { folder, store } = await openEmpty(t);
  assert.equal(store.clock, 0);
  applyAll(store);
  const lastTick = ledger.chain.findLast(({ transactions: [transaction] }) => transaction?.fn === 'Tick');
  await store.close();
  const reopened = await LogStore.open(folder, sha256);
  assert.equal(reopened.clock, NOON + (lastTick?.number ?? 0));
  assert.equal(reopened.issuer('bd.dghs.1')?.name, 'Facility bd.dghs.1');
  assert.ok(reopened.issuers().size > 2);
  assert.deepEqual([...reopened.heads().keys()].sort(), [CLINIC, MSP]);
  assert.equal(reopened.nextBlock, ledger.chain.length);
  await reopened.close();
});

test('the files are a function of the blocks: the same after any checkpoints, crashes and restarts', async (t) => {
  const end = ledger.chain.length;
  const expected = await rebuilt(t, end);
  for (const seed of [10, 11, 12, 13, 14]) {
    const random = randomNumbers(seed);
    let folder = await temporaryFolder(t);
    let store = await LogStore.open(folder, sha256);
    while (store.nextBlock < end) {
      applyAll(store, store.nextBlock + 1 + Math.floor(random() * 15));
      const checkpoint = store.checkpoint();
      applyAll(store, store.nextBlock + Math.floor(random() * 3));
      const kill = random();
      if (kill < 0.3) {
        // While the checkpoint is being written, somewhere.
        for (let turns = random() * 40; turns > 0; turns -= 1) await setImmediate();
        folder = copyOf(t, folder);
        await checkpoint;
        await store.close();
        store = await LogStore.open(folder, sha256);
      } else if (kill < 0.6) {
        await checkpoint;
        folder = copyOf(t, folder);
        await store.close();
        store = await LogStore.open(folder, sha256);
      } else {
        await checkpoint;
      }
      await store.settle();
    }
    await store.close();
    assert.deepEqual(await contentsOf(folder), expected);
  }
});

test('rebuilding stops at the block that is asked for', async (t) => {
  const folder = await temporaryFolder(t);
  await rebuildLog(ledger, folder, sha256, 7);
  const store = await LogStore.open(folder, sha256);
  assert.equal(store.nextBlock, 7);
  await store.close();
  assert.deepEqual(Object.keys(await rebuilt(t, 0)), ['checkpoint.json', 'index/', 'registry.jsonl']);
});

test('a batch that comes back is taken as its sender read it, and any other is read from its bytes', async (t) => {
  const { store } = await openEmpty(t);
  const own = new ToyLedger();
  const [first, second, third] = await issues('expected', 3);
  assert.ok(first && second && third);
  for (const [sent, came] of [
    [first, first],
    [second, third],
  ] as const) {
    store.expect(packStatements([sent]), [sent]);
    store.apply(own.append([came]));
    assert.equal(store.findByCode(came.statement.jti)[0]?.signed.text, came.text);
  }
  assert.deepEqual(store.findByCode(second.statement.jti), []);
  await store.close();
});

test('checkpoints asked for at once are written one after another, and the last one counts', async (t) => {
  const { folder, store } = await openEmpty(t);
  const asked: Promise<void>[] = [];
  for (const block of ledger.chain.slice(0, 20)) {
    store.apply(block);
    asked.push(store.checkpoint());
  }
  await Promise.all(asked);
  await store.close();
  assert.deepEqual(await contentsOf(folder), await rebuilt(t, 20));
});

/** A block of the chain with something changed. */
function changed(block: Block | undefined, members: Partial<Block>): Block {
  assert.ok(block);
  return { ...block, ...members };
}

test('a block that does not follow the last one is another history', async (t) => {
  const { folder, store } = await openEmpty(t);
  applyAll(store, 5);
  await store.checkpoint();
  const files = await contentsOf(folder);
  const next = ledger.chain[5];
  for (const block of [
    changed(next, { previousHash: new Uint8Array(32) }),
    changed(next, { number: 6 }),
    changed(ledger.chain[4], {}),
  ]) {
    const again = await LogStore.open(folder, sha256);
    assert.throws(() => again.apply(block), { code: 'LEDGER_REWRITTEN' });
    assert.throws(() => again.apply(changed(next, {})), { code: 'LEDGER_REWRITTEN' });
    await again.close();
  }
  store.assertLast(changed(ledger.chain[4], {}));
  assert.throws(() => store.assertLast(changed(ledger.chain[4], { hash: new Uint8Array(32) })), {
    code: 'LEDGER_REWRITTEN',
  });
  assert.throws(() => store.assertLast(changed(ledger.chain[3], {})), { code: 'LEDGER_REWRITTEN' });
  await store.close();
  assert.deepEqual(await contentsOf(folder), files);
});

test('a block whose entries do not give its root is damage, and nothing of it comes to disk', async (t) => {
  const { folder, store } = await openEmpty(t);
  const own = new ToyLedger();
  const [first, second] = await issues('damage', 2);
  assert.ok(first && second);
  store.apply(own.append([first]));
  await store.checkpoint();
  const files = await contentsOf(folder);
  const good = own.append([second]);
  const [transaction] = good.transactions;
  assert.ok(transaction);
  const withState = (members: object): Block => {
    const state = {
      n: 2,
      size: 2,
      root: encodeBase64url(new Uint8Array(32)),
      at: NOON,
      frontier: [],
      ...members,
    };
    const value = Buffer.from(JSON.stringify(state));
    return { ...good, transactions: [{ ...transaction, writes: [{ key: logKey(MSP), value }] }] };
  };
  const damages: Block[] = [
    withState({}),
    withState({ size: 3 }),
    { ...good, transactions: [{ ...transaction, args: [] }] },
    { ...good, transactions: [{ ...transaction, writes: [] }] },
    { ...good, transactions: [{ ...transaction, args: [new Uint8Array(), new Uint8Array([1, 2])] }] },
  ];
  for (const block of damages) {
    const again = await LogStore.open(folder, sha256);
    assert.throws(() => again.apply(block), { code: 'LOG_DAMAGED' });
    await assert.rejects(again.checkpoint(), { code: 'LOG_DAMAGED' });
    await again.close();
    assert.deepEqual(await contentsOf(folder), files);
  }
  store.apply(good);
  assert.equal(store.head(MSP)?.size, 2);
  await store.close();
});

test('files that are not those of their checkpoint are reported as damage when the store is opened', async (t) => {
  const { folder, store } = await openEmpty(t);
  applyAll(store);
  await store.close();
  const size = store.head(MSP)?.size ?? 0;
  const last = `logs/${MSP}/tile/0/${String(Math.floor(size / 256)).padStart(3, '0')}.p/${size % 256}`;
  const flip = async (path: string): Promise<void> => {
    const bytes = await readFile(path);
    bytes[5] = (bytes[5] ?? 0) ^ 1;
    await writeFile(path, bytes);
  };
  const damages: [string, (path: string) => Promise<void>][] = [
    ['checkpoint.json', (path) => writeFile(path, 'not json')],
    ['checkpoint.json', (path) => writeFile(path, '{}')],
    [
      'checkpoint.json',
      async (path) => writeFile(path, (await readFile(path, 'utf8')).replace(`"${CLINIC}"`, '"Others"')),
    ],
    ['registry.jsonl', (path) => truncate(path, 10)],
    ['registry.jsonl', (path) => rm(path)],
    [`logs/${MSP}`, (path) => rm(path, { recursive: true })],
    [last, flip],
    ['index/0/00000000', (path) => rm(path)],
  ];
  for (const [name, damage] of damages) {
    const copy = copyOf(t, folder);
    await damage(join(copy, name));
    await assert.rejects(LogStore.open(copy, sha256), { code: 'LOG_DAMAGED' }, name);
  }
});

test('an entry that was scrambled on disk is reported as damage when it is looked up', async (t) => {
  const { folder, store } = await openEmpty(t);
  applyAll(store);
  await store.close();
  const path = join(folder, `logs/${MSP}/tile/entries/000`);
  await writeFile(path, new Uint8Array((await readFile(path)).length).fill(0x20));
  const reopened = await LogStore.open(folder, sha256);
  const [text = ''] = ledger.texts(MSP);
  assert.throws(() => reopened.findByCode(parseStatement(text).statement.jti), { code: 'LOG_DAMAGED' });
  await reopened.close();
});

test('asking about what is not there is told apart from damage', async (t) => {
  const { store } = await openEmpty(t);
  applyAll(store, 10);
  const { size } = store.head(MSP) ?? { size: 0 };
  assert.throws(() => store.entry('OtherMSP', 0), { code: 'ENTRY_UNKNOWN' });
  assert.throws(() => store.entry(MSP, size), { code: 'ENTRY_UNKNOWN' });
  assert.throws(() => store.inclusionPath(MSP, 0, size + 1), { code: 'ENTRY_UNKNOWN' });
  assert.throws(() => store.bundle(MSP, 999), { code: 'ENTRY_UNKNOWN' });
  assert.equal(store.head('OtherMSP'), undefined);
  await store.close();
});

test('a log whose first entries never came to count is begun afresh', async (t) => {
  const folder = await temporaryFolder(t);
  const store = await LogStore.open(folder, sha256);
  const own = new ToyLedger();
  own.tick();
  applyFrom(store, own);
  await store.checkpoint();
  own.append(await issues('never counted', 300));
  applyFrom(store, own);
  const checkpoint = store.checkpoint();
  const early = copyOf(t, folder);
  await checkpoint;
  const late = copyOf(t, folder);
  await writeFile(join(late, 'checkpoint.json'), await readFile(join(early, 'checkpoint.json')));
  const reopened = await LogStore.open(late, sha256);
  assert.equal(reopened.nextBlock, 1);
  own.append(await issues('more', 300));
  for (const either of [store, reopened]) {
    applyFrom(either, own);
    await either.close();
  }
  assert.deepEqual(await contentsOf(late), await contentsOf(folder));
});

function applyFrom(store: LogStore, own: ToyLedger): void {
  for (const block of own.chain.slice(store.nextBlock)) store.apply(block);
}
