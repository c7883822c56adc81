import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { decodeBase64url } from '@spondon/protocol/base64url';
import { sha256 } from '@spondon/protocol/crypto-node';
import { decodeEntry } from '@spondon/protocol/entry';
import { verifyInclusion } from '@spondon/protocol/merkle/inclusion';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { unpackStatements } from '@spondon/protocol/pack';
import { parseStatement, type SignedStatement } from '@spondon/protocol/statement';
import { type Batch, planBatch } from './batch.js';
import type { LogStore } from './log/store.js';
import type { QueuedStatement } from './queue.js';
import { issue, issues, MSP, openStore, queueRow, revoke } from './sample.test-support.js';
import { ToyLedger } from './toy-ledger.test-support.js';

const FREE = { most: 4096, skip: new Set<number>() };

/** A log in which these stand already. */
async function logWith(
  t: TestContext,
  statements: readonly SignedStatement[],
  mspId = MSP,
): Promise<LogStore> {
  const store = await openStore(t);
  if (statements.length > 0) store.apply(new ToyLedger().append(statements, mspId));
  return store;
}

/** Rows in this order, numbered from 1. */
function rowsOf(statements: readonly SignedStatement[]): QueuedStatement[] {
  return statements.map((signed, at) => ({ ...queueRow(signed), seq: at + 1 }));
}

function numbers(rows: readonly QueuedStatement[]): number[] {
  return rows.map(({ seq }) => seq);
}

/** What is sent, read as the contract reads it. */
function sent({ append }: Batch): { size: number; texts: string[]; proofs: Proof[] } {
  assert.ok(append);
  const { size, packed, proofs } = append;
  return {
    size,
    texts: unpackStatements(packed).map(({ text }) => text),
    proofs: JSON.parse(proofs) as Proof[],
  };
}

interface Proof {
  readonly position: number;
  readonly index: number;
  readonly entry: string;
  readonly path: readonly string[];
}

test('queued statements go out in order, for the size that the log has', async (t) => {
  const store = await logWith(t, await issues('old', 3));
  const statements = await issues('new', 5);
  const batch = planBatch(store, MSP, rowsOf(statements), FREE);
  assert.deepEqual(numbers(batch.rows), [1, 2, 3, 4, 5]);
  assert.deepEqual(batch.statements, statements);
  assert.deepEqual(sent(batch), { size: 3, texts: statements.map(({ text }) => text), proofs: [] });
  assert.deepEqual([batch.alreadyAnchored, batch.hopeless], [[], []]);
});

test('a log that does not exist yet has size 0', async (t) => {
  const batch = planBatch(await logWith(t, []), MSP, rowsOf(await issues('new', 1)), FREE);
  assert.equal(sent(batch).size, 0);
});

test('nothing to send makes no batch', async (t) => {
  const batch = planBatch(await logWith(t, []), MSP, [], FREE);
  assert.deepEqual(batch, { rows: [], statements: [], append: null, alreadyAnchored: [], hopeless: [] });
});

test('what the log holds already is not sent again', async (t) => {
  const anchored = await issues('old', 3);
  const revocation = await revoke('old-1');
  const store = await logWith(t, [...anchored, revocation]);
  const fresh = await issue('new');
  const batch = planBatch(store, MSP, rowsOf([...anchored, fresh, revocation]), FREE);
  assert.deepEqual(numbers(batch.alreadyAnchored), [1, 2, 3, 5]);
  assert.deepEqual(numbers(batch.rows), [4]);
});

test('another statement about an anchored document, or the same in another log, is not what the log holds', async (t) => {
  const first = await issue('a document');
  const other = await issue('a document', { kind: 'slip' });
  const own = planBatch(await logWith(t, [first]), MSP, rowsOf([other]), FREE);
  assert.deepEqual([numbers(own.rows), own.alreadyAnchored], [[1], []]);
  const elsewhere = planBatch(await logWith(t, [first], 'ClinicMSP'), MSP, rowsOf([first]), FREE);
  assert.deepEqual([numbers(elsewhere.rows), elsewhere.alreadyAnchored], [[1], []]);
});

test('a revocation carries a proof that its issue is in the tree', async (t) => {
  const anchored = await issues('old', 300);
  const store = await logWith(t, anchored);
  const statements = [await revoke('old-7'), await issue('new'), await revoke('old-299')];
  const batch = planBatch(store, MSP, rowsOf(statements), FREE);
  const { size, proofs } = sent(batch);
  assert.deepEqual(
    proofs.map(({ position, index }) => [position, index]),
    [
      [0, 7],
      [2, 299],
    ],
  );
  const root = decodeBase64url(store.head(MSP)?.root ?? '');
  for (const { index, entry, path } of proofs) {
    const bytes = decodeBase64url(entry);
    assert.equal(decodeEntry(bytes).text, anchored[index]?.text);
    verifyInclusion(leafHash(bytes, sha256), index, size, path.map(decodeBase64url), root, sha256);
  }
});

test('a revocation waits for its issue, and holds up nobody', async (t) => {
  const statements = [await issue('a'), await revoke('a'), await issue('b')];
  const batch = planBatch(await logWith(t, []), MSP, rowsOf(statements), FREE);
  assert.deepEqual(numbers(batch.rows), [1, 3]);
  assert.deepEqual(batch.hopeless, []);
  const next = planBatch(
    await logWith(t, [statements[0], statements[2]].map(defined)),
    MSP,
    rowsOf(statements),
    FREE,
  );
  assert.deepEqual([numbers(next.alreadyAnchored), numbers(next.rows)], [[1, 3], [2]]);
});

function defined<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

test('a revocation waits also for an issue that is skipped or does not fit', async (t) => {
  const rows = rowsOf([await issue('a'), await revoke('a'), await issue('b')]);
  const skipping = planBatch(await logWith(t, []), MSP, rows, { most: 4096, skip: new Set([1]) });
  assert.deepEqual([numbers(skipping.rows), skipping.hopeless], [[3], []]);
});

test('a revocation of what this log does not hold and the queue does not bring is hopeless', async (t) => {
  const foreign = await issue('foreign', { iss: 'bd.dghs.2' });
  const store = await logWith(t, [foreign]);
  const statements = [
    await revoke('never issued'),
    await revoke('foreign'),
    await issue('a'),
    await revoke('late'),
    await issue('late'),
  ];
  const batch = planBatch(store, MSP, rowsOf(statements), FREE);
  assert.deepEqual(
    batch.hopeless.map(({ row, code }) => [row.seq, code]),
    [
      [1, 'ISSUE_UNKNOWN'],
      [2, 'ISSUE_UNKNOWN'],
      [4, 'ISSUE_UNKNOWN'],
    ],
  );
  assert.deepEqual(numbers(batch.rows), [3, 5]);
  const elsewhere = planBatch(
    await logWith(t, [await issue('x')], 'ClinicMSP'),
    MSP,
    rowsOf([await revoke('x')]),
    FREE,
  );
  assert.equal(elsewhere.hopeless.length, 1);
});

test('a row that is no statement any more is hopeless', async (t) => {
  const [good, bad] = rowsOf(await issues('a', 2));
  assert.ok(good && bad);
  const damaged = { ...bad, statement: `${bad.statement.slice(0, -1)}~` };
  const batch = planBatch(await logWith(t, []), MSP, [damaged, good], FREE);
  assert.deepEqual(
    batch.hopeless.map(({ row, code }) => [row.seq, code]),
    [[2, 'STATEMENT_INVALID']],
  );
  assert.deepEqual(numbers(batch.rows), [1]);
});

test('a batch has at most as many statements as it may', async (t) => {
  const rows = rowsOf(await issues('many', 30));
  const store = await logWith(t, []);
  assert.deepEqual(numbers(planBatch(store, MSP, rows, { ...FREE, most: 7 }).rows), [1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(numbers(planBatch(store, MSP, rows, { most: 1, skip: new Set([1, 2]) }).rows), [3]);
});

test('a batch has at most 2 MiB of statements', async (t) => {
  // The longest names that there are make a statement of about 560 bytes.
  const iss = `bd.${'a'.repeat(60)}`;
  const statements = await Promise.all(
    Array.from({ length: 4096 }, (_, at) =>
      issue(`long-${at}`, { iss, kid: 'k'.repeat(43), exp: 253_402_300_799 }),
    ),
  );
  const { rows } = planBatch(await logWith(t, []), MSP, rowsOf(statements), FREE);
  const bytes = rows.reduce((sum, { statement }) => sum + statement.length, 0);
  const next = statements[rows.length];
  assert.ok(next && bytes <= 2 ** 21 && bytes + next.text.length > 2 ** 21);
});

test('a batch of revocations keeps its proofs below 4 MiB', async (t) => {
  const anchored = await issues('old', 4096);
  const store = await logWith(t, anchored);
  const revocations = await Promise.all(anchored.map((_, at) => revoke(`old-${at}`)));
  const batch = planBatch(store, MSP, rowsOf(revocations), FREE);
  const { length } = batch.append?.proofs ?? '';
  assert.ok(length <= 4 * 2 ** 20 && length > 3.9 * 2 ** 20);
  assert.deepEqual(
    numbers(batch.rows),
    Array.from({ length: batch.rows.length }, (_, at) => at + 1),
  );
  assert.equal(sent(batch).proofs.length, batch.rows.length);
  assert.equal(parseStatement(batch.rows[0]?.statement ?? '').statement.op, 'revoke');
});
