import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { QueueCursor } from './queue-cursor.js';
import {
  enqueue,
  lastInQueue,
  nextInQueue,
  type QueueDb,
  queuedAbout,
  queuedByCode,
  queueLength,
  refusedByCode,
  removeAnchored,
  setAside,
} from './queue.js';
import { documentIdOf, issue, issues, MSP, NOON, queueRow, revoke } from './sample.test-support.js';

async function fill(db: QueueDb, count: number, mspId = MSP): Promise<void> {
  const rows = (await issues(mspId, count)).map((signed) => queueRow(signed, mspId));
  assert.deepEqual(await enqueue(db, rows), []);
}

async function seqs(db: QueueDb): Promise<number[]> {
  return (await nextInQueue(db, MSP, 0, 1e6)).map(({ seq }) => seq);
}

function numbers(rows: readonly { seq: number }[]): number[] {
  return rows.map(({ seq }) => seq);
}

/** What a queue promises, whatever database it is kept in. `open`: an empty one, for one test. */
export function queueSuite(open: (t: TestContext) => Promise<QueueDb>): void {
  void test('statements come out in the order in which they went in, per organisation', async (t) => {
    const db = await open(t);
    await fill(db, 3);
    await fill(db, 2, 'ClinicMSP');
    const [late] = await issues('late', 1);
    assert.ok(late);
    await enqueue(db, [queueRow(late)]);
    assert.deepEqual(await seqs(db), [1, 2, 3, 6]);
    assert.deepEqual(
      (await nextInQueue(db, MSP, 1, 2)).map(({ seq }) => seq),
      [2, 3],
    );
    assert.equal((await nextInQueue(db, MSP, 3, 9))[0]?.statement, late.text);
    assert.equal(await lastInQueue(db, MSP), 6);
    assert.equal(await lastInQueue(db, 'OtherMSP'), 0);
    assert.equal(await queueLength(db), 6);
  });

  void test('more statements than one query can take are queued', async (t) => {
    const db = await open(t);
    await fill(db, 2500);
    assert.equal(await queueLength(db), 2500);
  });

  void test('queueing again what is queued changes nothing', async (t) => {
    const db = await open(t);
    const rows = (await issues('twice', 5)).map((signed) => queueRow(signed));
    await enqueue(db, rows.slice(0, 3));
    assert.deepEqual(await enqueue(db, rows), []);
    assert.deepEqual(await enqueue(db, [...rows, ...rows]), []);
    assert.equal(await queueLength(db), 5);
  });

  void test('another statement about a queued document and operation is handed back and not queued', async (t) => {
    const db = await open(t);
    const [first, other, foreign] = [
      await issue('a document'),
      await issue('a document', { kind: 'slip' }),
      await issue('a document', { iss: 'bd.dghs.2' }),
    ].map((signed) => queueRow(signed));
    const revocation = queueRow(await revoke('a document'));
    assert.ok(first && other && foreign);
    assert.deepEqual(await enqueue(db, [first]), []);
    assert.deepEqual(await enqueue(db, [other, foreign, revocation]), [other]);
    assert.deepEqual(
      (await nextInQueue(db, MSP, 0, 9)).map(({ statement }) => statement),
      [first.statement, foreign.statement, revocation.statement],
    );
    const [kept, late] = [queueRow(await issue('b')), queueRow(await issue('b', { kind: 'slip' }))];
    assert.deepEqual(await enqueue(db, [kept, late]), [late]);
  });

  void test('what is queued in a transaction is queued when it commits', async (t) => {
    const db = await open(t);
    const row = queueRow(await issue('a document'));
    const rolledBack = db.transaction().execute(async (trx) => {
      await enqueue(trx, [row]);
      throw new Error('something else failed');
    });
    await assert.rejects(rolledBack, /something else/);
    assert.equal(await queueLength(db), 0);
    await db.transaction().execute((trx) => enqueue(trx, [row]));
    assert.equal(await queueLength(db), 1);
  });

  void test('rows are found by the hash and the code of their document', async (t) => {
    const db = await open(t);
    const row = queueRow(await issue('a document'));
    await enqueue(db, [row, queueRow(await revoke('a document')), queueRow(await issue('another'))]);
    const about = async (asked: Parameters<typeof queuedAbout>[1]) =>
      (await queuedAbout(db, asked)).map(({ jti, op }) => [jti, op]);
    const sha256 = row.sha256 ?? '';
    assert.deepEqual(await about({ sha256, jtis: [] }), [[row.jti, 'issue']]);
    assert.deepEqual(await about({ sha256, jtis: [documentIdOf('another')] }), [
      [row.jti, 'issue'],
      [documentIdOf('another'), 'issue'],
    ]);
    assert.deepEqual(await about({ jtis: [row.jti, documentIdOf('unheard of')] }), [
      [row.jti, 'issue'],
      [row.jti, 'revoke'],
    ]);
    assert.deepEqual(
      (await queuedByCode(db, row.jti)).map(({ op }) => op),
      ['issue', 'revoke'],
    );
    assert.deepEqual(await queuedByCode(db, documentIdOf('unheard of')), []);
  });

  void test('removing takes exactly the rows that are named', async (t) => {
    const db = await open(t);
    await fill(db, 10);
    await removeAnchored(db, []);
    await removeAnchored(db, [3, 2]);
    await removeAnchored(db, [10, 6, 8, 8]);
    // Three numbers from 4 to 6 that are two rows, of which the one between is not meant.
    await removeAnchored(db, [4, 4, 6]);
    assert.deepEqual(await seqs(db), [1, 5, 7, 9]);
  });

  void test('a row number is never given twice, also when the queue was empty meanwhile', async (t) => {
    const db = await open(t);
    await fill(db, 3);
    await removeAnchored(db, [1, 2, 3]);
    const [next] = await issues('next', 1);
    assert.ok(next);
    await enqueue(db, [queueRow(next)]);
    assert.deepEqual(await seqs(db), [4]);
  });

  void test('a statement that is set aside is kept with the reason, and leaves the queue', async (t) => {
    const db = await open(t);
    const row = queueRow(await issue('a document'));
    await enqueue(db, [row, queueRow(await issue('another'))]);
    await setAside(db, [1], { code: 'IAT_AHEAD', message: 'too early', at: NOON + 5 });
    const { mspId, iss, jti, op, statement, acceptedAt } = row;
    const kept = { mspId, iss, jti, op, statement, acceptedAt };
    assert.deepEqual(await refusedByCode(db, jti), [
      { seq: 1, ...kept, refusedAt: NOON + 5, code: 'IAT_AHEAD', message: 'too early' },
    ]);
    assert.deepEqual(await seqs(db), [2]);
    // Once more, after a crash that lost the answer: there is nothing left to do.
    await setAside(db, [1], { code: 'IAT_AHEAD', message: 'too early', at: NOON + 6 });
    assert.equal((await refusedByCode(db, jti))[0]?.refusedAt, NOON + 5);
  });

  void test('while the queue is long, what is anchored is passed over and deleted later, in one go', async (t) => {
    const db = await open(t);
    await fill(db, 10);
    const cursor = new QueueCursor(db, MSP);
    const first = await cursor.next(4);
    assert.equal(await cursor.pass(first, first.slice(0, 3)), false);
    const second = await cursor.next(4);
    assert.deepEqual(numbers(second), [4, 5, 6, 7]);
    assert.equal(await queueLength(db), 10);
    assert.equal(await cursor.flush(), true);
    assert.deepEqual(await seqs(db), [4, 5, 6, 7, 8, 9, 10]);
    assert.equal(await cursor.flush(), false);
    assert.equal(await cursor.pass(second, []), false);
  });

  void test('however long the queue is, no more than so many rows stay after they were anchored', async (t) => {
    const db = await open(t);
    await fill(db, 9000);
    const cursor = new QueueCursor(db, MSP, 8192);
    const shrunk: boolean[] = [];
    for (let batch = 0; batch < 4; batch += 1) {
      const given = await cursor.next(2048);
      shrunk.push(await cursor.pass(given, given));
    }
    assert.deepEqual(shrunk, [false, false, false, true]);
    assert.equal(await queueLength(db), 9000 - 8192);
  });

  void test('at the end of the queue what is anchored is deleted at once', async (t) => {
    const db = await open(t);
    await fill(db, 5);
    const cursor = new QueueCursor(db, MSP);
    const first = await cursor.next(3);
    await cursor.pass(first, first);
    const second = await cursor.next(3);
    assert.equal(await cursor.pass(second, second.slice(0, 1)), true);
    assert.deepEqual(await seqs(db), [5]);
  });

  void test('what still waits is not passed over', async (t) => {
    const db = await open(t);
    await fill(db, 7);
    const cursor = new QueueCursor(db, MSP);
    const given = await cursor.next(6);
    const [one, two, three, ...others] = given;
    assert.ok(one && two && three);
    assert.equal(await cursor.pass(given, [one]), false);
    assert.equal(await cursor.pass([two, three, ...others], [three]), true);
    assert.deepEqual(numbers(await cursor.next(6)), [2, 4, 5, 6, 7]);
  });

  void test('rows that became visible late are not passed over for ever', async (t) => {
    const db = await open(t);
    await fill(db, 3);
    await removeAnchored(db, [2]);
    const cursor = new QueueCursor(db, MSP);
    const given = await cursor.next(2);
    assert.equal(await cursor.pass(given, given), false);
    const late = { ...queueRow(await issue('late')), seq: 2 };
    await db.insertInto('queue').values(late).execute();
    assert.deepEqual(await cursor.next(9), []);
    await cursor.flush();
    assert.deepEqual(numbers(await cursor.next(9)), [2]);
  });
}
