import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { createQueueTables, enqueue, queueLength, refusedByCode, setAside } from './queue.js';
import { queueSuite } from './queue-suite.test-support.js';
import { documentIdOf, issue, NOON, openQueue, queueRow } from './sample.test-support.js';

queueSuite(openQueue);

test('setting aside writes both tables or none', async (t) => {
  const db = await openQueue(t);
  await enqueue(db, [queueRow(await issue('a document'))]);
  await sql`create trigger full before delete on queue begin select raise(abort, 'disk full'); end`.execute(
    db,
  );
  await assert.rejects(setAside(db, [1], { code: 'IAT_AHEAD', message: 'too early', at: NOON }), /disk full/);
  assert.deepEqual(await refusedByCode(db, documentIdOf('a document')), []);
  assert.equal(await queueLength(db), 1);
});

test('creating the tables leaves those that are there', async (t) => {
  const db = await openQueue(t);
  await enqueue(db, [queueRow(await issue('one')), queueRow(await issue('two'))]);
  await createQueueTables(db, 'sqlite');
  assert.equal(await queueLength(db), 2);
});
