import assert from 'node:assert/strict';
import { open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import Database from 'libsql';
import { UNFINISHED } from '../durable-file.js';
import type { LedgerError } from '../port.js';
import {
  failingOnce,
  failingWhen,
  flushingAfter,
  type Fault,
  type Outcome,
} from './faulty-storage.test-support.js';
import { ForgetfulDisk, type PageFate } from './forgetful-disk.test-support.js';
import { gate, turn } from './gate.test-support.js';
import type { Notice } from './recovery.js';
import { allBlocks, get, keeper, openToy, temporaryFolder } from './toy-ledger.test-support.js';
import { verifyLedger } from './verify.js';

const code = (name: string) => ({ name: 'LedgerError', code: name });
const WHOLE = { channel: 'records', chaincode: 'records' };

/** A closed ledger of some blocks: `n` was incremented once in each. */
async function ledgerOf(t: TestContext, blocks: number): Promise<string> {
  const folder = await temporaryFolder(t);
  const ledger = await openToy(t, folder);
  for (let block = 0; block < blocks; block += 1) await ledger.submit('Increment', ['n']);
  await ledger.close();
  return folder;
}

async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.of(byte.readUInt8(0) ^ 1), 0, 1, at);
  await file.close();
}

const OUTCOMES: readonly Outcome[] = ['lost', 'half', 'applied'];
for (const call of ['write', 'datasync'] as const) {
  for (const outcome of OUTCOMES) {
    for (const at of [0, 2]) failedWrite({ call, outcome, at });
  }
}

function failedWrite(fault: Fault): void {
  for (const healing of ['by itself', 'by a restart'] as const) {
    test(`${fault.call} ${fault.at} fails, ${fault.outcome}: UNKNOWN, and all is well again ${healing}`, async (t) => {
      const folder = await temporaryFolder(t);
      const failing = await openToy(t, folder, { openStorage: failingOnce(fault) });
      for (let block = 0; block < fault.at; block += 1) await failing.submit('Increment', ['n']);
      assert.equal(failing.failure, null);
      await assert.rejects(failing.submit('Increment', ['n']), code('UNKNOWN'));
      assert.match(String(failing.failure), /EIO/);
      assert.equal(await failing.height(), fault.at);
      assert.equal((await allBlocks(failing)).length, fault.at);
      await failing.attest('n,n');
      if (healing === 'by a restart') await failing.close();

      const ledger = healing === 'by itself' ? failing : await openToy(t, folder);
      const present = fault.call === 'datasync' || fault.outcome === 'applied';
      assert.equal(await get(ledger, 'n'), String(fault.at + Number(present)).replace(/^0$/, ''));
      assert.equal(ledger.failure, null);
      await ledger.submit('Increment', ['n']);
      assert.equal(await get(ledger, 'n'), String(fault.at + Number(present) + 1));
      assert.equal((await ledger.verifyBlocks()).blocks, fault.at + Number(present) + 1);
    });
  }
}

for (const outcome of OUTCOMES) {
  test(`while every write fails, ${outcome}, nothing is acknowledged and what was is read; then it goes on`, async (t) => {
    const folder = await temporaryFolder(t);
    let broken = false;
    const openStorage = failingWhen(() => (broken ? outcome : null));
    const notices: Notice[] = [];
    const ledger = await openToy(t, folder, { openStorage, notice: (notice) => notices.push(notice) });
    await ledger.submit('Increment', ['n']);
    broken = true;
    await assert.rejects(ledger.submit('Increment', ['n']), code('UNKNOWN'));
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await assert.rejects(ledger.submit('Increment', ['n']), { name: 'LedgerError', code: /^UN/ });
      assert.match(String(ledger.failure), /EIO/);
      assert.equal((await allBlocks(ledger)).length, 1);
      await ledger.attest('n,n');
    }
    broken = false;
    const reading = new AbortController();
    const next = ledger.blocks(1, reading.signal).next();
    const { block } = await ledger.submit('Increment', ['n']);
    assert.equal((await next).done, false);
    reading.abort();
    assert.equal(await get(ledger, 'n'), String(block + 1));
    assert.equal((await ledger.verifyBlocks()).blocks, block + 1);
    assert.equal(notices.filter(({ event }) => event === 'replayed').length, Number(block === 2));
  });
}

test('a tail that is no longer what was committed is told as damage, again and again, and nothing is written', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'blocks');
  const openStorage = failingOnce({ call: 'datasync', at: 1, outcome: 'lost' });
  const ledger = await openToy(t, folder, { openStorage });
  await ledger.submit('Increment', ['n']);
  await assert.rejects(ledger.submit('Increment', ['n']), code('UNKNOWN'));
  await flip(path, 300);
  const before = await readFile(path);
  for (let attempt = 0; attempt < 2; attempt += 1)
    await assert.rejects(ledger.submit('Increment', ['n']), code('DAMAGED'));
  assert.deepEqual(await readFile(path), before);
  await flip(path, 300);
  await ledger.submit('Increment', ['n']);
  assert.equal(await get(ledger, 'n'), '3');
});

const fate = fc.constantFrom<Outcome | null>(null, null, null, 'lost', 'half', 'applied');

test('whatever calls fail, in whatever order: what was acknowledged is there once, what was refused is not', async (t) => {
  const property = fc.asyncProperty(
    fc.array(fate, { maxLength: 40 }),
    fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 15 }),
    async (fates, rounds) => {
      const folder = await temporaryFolder(t);
      const openStorage = failingWhen(() => fates.shift() ?? null);
      const ledger = await openToy(t, folder, { openStorage });
      const told = new Map<string, string>();
      for (const [round, together] of rounds.entries()) {
        const keys = Array.from({ length: together }, (_, at) => `${round}.${at}`);
        await Promise.all(
          keys.map(async (key) => {
            const word = await ledger.submit('Put', [key, '1']).then(
              () => 'DONE',
              (error: unknown) => (error as LedgerError).code,
            );
            told.set(key, word);
          }),
        );
      }
      fates = [];
      await ledger.submit('Put', ['last', '1']);
      assert.equal((await ledger.verifyBlocks()).stateCompared, true);
      const written = (await allBlocks(ledger)).flatMap(({ transactions }) =>
        transactions.map(({ args }) => Buffer.from(args[0] ?? []).toString()),
      );
      assert.equal(new Set(written).size, written.length, 'no transaction stands in two blocks');
      for (const [key, word] of told) {
        assert.ok(['DONE', 'UNKNOWN', 'UNAVAILABLE'].includes(word), word);
        if (word !== 'UNKNOWN') assert.equal(written.includes(key), word === 'DONE', `${key} ${word}`);
      }
      await ledger.close();
      const reopened = await openToy(t, folder, { notice: ({ event }) => assert.fail(event) });
      assert.equal(await get(reopened, 'last'), '1');
      await reopened.close();
    },
  );
  await fc.assert(property, { numRuns: 25 });
});

test('those who share a failed block are told UNKNOWN, those who wait behind it UNAVAILABLE', async (t) => {
  const [flushing, mayFail] = [gate(), gate()];
  const openStorage = flushingAfter(async () => {
    flushing.open();
    await mayFail.opened;
    throw new Error('EIO: i/o error');
  });
  const ledger = await openToy(t, await temporaryFolder(t), { openStorage });
  const sharing = ['a', 'b'].map((key) => assert.rejects(ledger.submit('Put', [key, '1']), code('UNKNOWN')));
  await flushing.opened;
  const behind = assert.rejects(ledger.submit('Put', ['c', '1']), code('UNAVAILABLE'));
  await turn();
  mayFail.open();
  await Promise.all([...sharing, behind]);
});

const pageFate = fc.constantFrom<PageFate>('reaches', 'forgotten', 'forgotten and evicted');
const flush = fc.option(fc.tuple(pageFate, pageFate, pageFate), { freq: 2 });

test('after a failed flush nothing is believed that it should have written: a power cut later loses nothing acknowledged', async (t) => {
  const property = fc.asyncProperty(
    fc.array(flush, { maxLength: 12 }),
    fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 8 }),
    fc.boolean(),
    async (flushes, sizes, withState) => {
      const folder = await temporaryFolder(t);
      const disk = new ForgetfulDisk(() => flushes.shift() ?? null);
      const ledger = await openToy(t, folder, { openStorage: disk.open });
      const acknowledged: string[] = [];
      for (const [at, size] of sizes.entries()) {
        const submit = ledger.submit('Put', [String(at), 'x'.repeat(size)]);
        await submit.then(
          () => acknowledged.push(String(at)),
          (error: unknown) => assert.match((error as LedgerError).code, /^UN/),
        );
      }
      await ledger.close();
      disk.cutPower();
      flushes = [];
      if (!withState) await rm(join(folder, 'state.db'));
      const reopened = await openToy(t, folder, { openStorage: disk.open });
      for (const key of acknowledged) assert.notEqual(await get(reopened, key), '', `${key} is lost`);
      await reopened.submit('Put', ['last', '1']);
      await allBlocks(reopened);
      await reopened.close();
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

test('a block that was flushed and could not be applied is UNKNOWN, and there as soon as it can', async (t) => {
  const folder = await ledgerOf(t, 1);
  const ledger = await openToy(t, folder);
  const inTheWay = new Database(join(folder, 'state.db'));
  inTheWay.exec('BEGIN IMMEDIATE');
  await assert.rejects(ledger.submit('Increment', ['n']), code('UNKNOWN'));
  await assert.rejects(ledger.submit('Increment', ['n']), code('UNAVAILABLE'));
  assert.equal(await ledger.height(), 1);
  inTheWay.exec('ROLLBACK');
  inTheWay.close();
  assert.equal(await get(ledger, 'n'), '2');
  await ledger.submit('Increment', ['n']);
  assert.equal((await ledger.verifyBlocks()).stateCompared, true);
});

test('opening survives a failure while it makes good the last block', async (t) => {
  const folder = await ledgerOf(t, 3);
  await rm(join(folder, 'state.db'));
  for (const call of ['write', 'datasync'] as const) {
    for (const outcome of OUTCOMES) {
      const openStorage = failingOnce({ call, at: 0, outcome });
      await assert.rejects(openToy(t, folder, { openStorage }), code('UNAVAILABLE'));
    }
  }
  assert.equal(await get(await openToy(t, folder), 'n'), '3');
});

test('opening survives a failure while it cuts off an interrupted write', async (t) => {
  const folder = await ledgerOf(t, 3);
  await writeFile(join(folder, 'blocks'), 'SPBK', { flag: 'a' });
  for (const outcome of OUTCOMES) {
    const openStorage = failingOnce({ call: 'truncate', at: 0, outcome });
    await openToy(t, folder, { openStorage }).then(
      (ledger) => ledger.close(),
      (error: unknown) => assert.equal((error as { code: string }).code, 'UNAVAILABLE'),
    );
  }
  const ledger = await openToy(t, folder);
  await ledger.submit('Increment', ['n']);
  assert.equal(await get(ledger, 'n'), '4');
});

test('a block that was written and not applied is cut off wherever its write was interrupted', async (t) => {
  const folder = await ledgerOf(t, 2);
  const path = join(folder, 'blocks');
  const [whole, state] = [await readFile(path), await readFile(join(folder, 'state.db'))];
  const longer = await openToy(t, folder);
  await longer.submit('Increment', ['n']);
  await longer.close();
  const next = (await readFile(path)).subarray(whole.length);
  for (let length = 1; length < next.length; length += 97) {
    await writeFile(path, Buffer.concat([whole, next.subarray(0, length)]));
    await writeFile(join(folder, 'state.db'), state);
    const notices: Notice[] = [];
    const ledger = await openToy(t, folder, { notice: (notice) => notices.push(notice) });
    assert.deepEqual(notices, [{ event: 'tail-cut', block: 2, offset: whole.length, bytes: length }]);
    assert.equal(await get(ledger, 'n'), '2');
    await ledger.close();
    assert.equal((await stat(path)).size, whole.length);
  }
});

test('an acknowledged block that is shortened or gone is damage, not an interrupted write', async (t) => {
  const folder = await ledgerOf(t, 3);
  const path = join(folder, 'blocks');
  const { size } = await stat(path);
  for (const length of [size - 1, size - 2000, Math.floor(size / 2), 1, 0]) {
    await truncate(path, length);
    await assert.rejects(openToy(t, folder), { ...code('DAMAGED'), message: /block 2, at byte \d+ / });
  }
});

test('a changed byte in the last block is damage, with or without the state', async (t) => {
  for (const withState of [true, false]) {
    const folder = await ledgerOf(t, 2);
    const path = join(folder, 'blocks');
    if (!withState) await rm(join(folder, 'state.db'));
    const { size } = await stat(path);
    for (const fromEnd of [1, 4, 5, 500, 2000]) {
      await flip(path, size - fromEnd);
      await assert.rejects(openToy(t, folder), { ...code('DAMAGED'), message: /block 1, at byte \d+ / });
      await flip(path, size - fromEnd);
    }
    assert.equal(await get(await openToy(t, folder), 'n'), '2');
  }
});

test('a changed byte in an earlier block stops whoever reads that block, and replaying', async (t) => {
  const folder = await ledgerOf(t, 3);
  await flip(join(folder, 'blocks'), 300);
  const ledger = await openToy(t, folder);
  await assert.rejects(allBlocks(ledger), { ...code('DAMAGED'), message: /^block 0, at byte 0 / });
  assert.equal((await allBlocks(ledger, 1)).length, 2);
  await ledger.close();
  await rm(join(folder, 'state.db'));
  await assert.rejects(openToy(t, folder), { ...code('DAMAGED'), message: /^block 0, at byte 0 / });
});

test('a block of another ledger in its place is damage', async (t) => {
  const [folder, other] = [await ledgerOf(t, 2), await ledgerOf(t, 3)];
  const blocks = await readFile(join(other, 'blocks'));
  await writeFile(join(folder, 'blocks'), blocks);
  await assert.rejects(openToy(t, folder), { ...code('DAMAGED'), message: /block 1/ });
});

test('without its state, or with one that is behind or garbage, the ledger is as it was', async (t) => {
  const folder = await ledgerOf(t, 1);
  const behind = await readFile(join(folder, 'state.db'));
  const ledger = await openToy(t, folder);
  for (const key of ['n', 'n', 'm']) await ledger.submit('Increment', [key]);
  await ledger.submit('Policy', ['m', 'owner']);
  await ledger.submit('Delete', ['m']);
  await ledger.close();
  const states = { missing: null, behind, garbage: Buffer.alloc(9000, 7), empty: Buffer.alloc(0) };
  for (const [name, content] of Object.entries(states)) {
    for (const suffix of ['', '-wal', '-shm']) await rm(join(folder, `state.db${suffix}`), { force: true });
    if (content) await writeFile(join(folder, 'state.db'), content);
    const notices: Notice[] = [];
    const reopened = await openToy(t, folder, { notice: (notice) => notices.push(notice) });
    assert.deepEqual([await get(reopened, 'n'), await get(reopened, 'm')], ['3', ''], name);
    assert.deepEqual(notices.at(-1), { event: 'replayed', from: name === 'behind' ? 1 : 0, to: 6 }, name);
    assert.equal(notices[0]?.event, name === 'garbage' ? 'state-discarded' : 'replayed', name);
    assert.equal((await reopened.verifyBlocks()).stateCompared, true);
    await reopened.close();
  }
});

test('a write-ahead log that outlived its deleted state does no harm', async (t) => {
  const folder = await temporaryFolder(t);
  const ledger = await openToy(t, folder);
  for (const key of ['n', 'n', 'n']) await ledger.submit('Increment', [key]);
  const log = await readFile(join(folder, 'state.db-wal'));
  await ledger.close();
  await rm(join(folder, 'state.db'));
  await writeFile(join(folder, 'state.db-wal'), log);
  const reopened = await openToy(t, folder);
  await reopened.submit('Increment', ['n']);
  assert.equal(await get(reopened, 'n'), '4');
  assert.equal((await reopened.verifyBlocks()).stateCompared, true);
});

test('a ledger that was closed well is opened without a word', async (t) => {
  const folder = await ledgerOf(t, 2);
  await openToy(t, folder, { notice: ({ event }) => assert.fail(event) });
});

test('the identity stays, must be there once there are blocks, and must be the same organisation’s', async (t) => {
  const folder = await ledgerOf(t, 1);
  const path = join(folder, 'identity.json');
  const identity = await readFile(path);
  const ledger = await openToy(t, folder);
  await ledger.submit('Increment', ['n']);
  assert.deepEqual(await readFile(path), identity);
  await ledger.close();
  await assert.rejects(openToy(t, folder, { mspId: 'OtherMSP' }), code('DAMAGED'));
  await assert.rejects(
    openToy(t, folder, { keeper: { ...keeper, open: (sealed) => sealed } }),
    code('DAMAGED'),
  );
  await rm(path);
  await assert.rejects(openToy(t, folder), code('DAMAGED'));
  await writeFile(path, identity.subarray(0, 500));
  await assert.rejects(openToy(t, folder), code('DAMAGED'));
});

test('a first start that was interrupted before its identity was in place starts anew', async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, `identity.json${UNFINISHED}`), '{"mspId":"So');
  const ledger = await openToy(t, folder);
  await ledger.submit('Increment', ['n']);
  assert.equal((await verifyLedger({ folder, ...WHOLE })).blocks, 1);
});

test('no private key is on disk unsealed', async (t) => {
  const folder = await ledgerOf(t, 1);
  const stored = JSON.parse(await readFile(join(folder, 'identity.json'), 'utf8')) as Record<string, string>;
  const keys = Object.entries(stored).filter(([name]) => name.endsWith('Key'));
  assert.equal(keys.length, 4);
  for (const [, sealed] of keys) {
    const pkcs8 = await keeper.open(Buffer.from(sealed, 'base64url'));
    const secret = Buffer.from(pkcs8).toString('latin1').slice(36, 68);
    for (const file of ['identity.json', 'blocks', 'state.db']) {
      assert.ok(!(await readFile(join(folder, file), 'latin1')).includes(secret), file);
    }
  }
  assert.equal((await stat(join(folder, 'identity.json'))).mode & 0o777, 0o600);
});
