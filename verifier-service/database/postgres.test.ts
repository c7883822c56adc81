import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { sql } from 'kysely';
import { anchoredTo, enqueue, noteAnchoredTo, queuedAndAnchoredTo } from '@spondon/anchor-worker/queue';
import { queueSuite } from '@spondon/anchor-worker/queue-suite.test-support';
import { ServiceError } from '../error.js';
import { faultOf } from '../fault.js';
import { openPostgres } from './postgres.js';
import { startTestServer, type TestServer, whyNoPostgres } from './postgres.test-support.js';
import { damagedRows, withCheck } from './row-check.js';
import { queueOf } from './schema.js';
import type { ServiceDatabase } from './service-database.js';

const apiKey = withCheck({
  id: 'k',
  iss: null,
  digest: Uint8Array.from([0, 127, 255]),
  createdAt: 2 ** 52,
  revokedAt: null,
});

describe('the database on PostgreSQL', { skip: await whyNoPostgres() }, () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.stop());

  const openAt = async (t: TestContext, url: string): Promise<ServiceDatabase> => {
    const database = await openPostgres(url);
    t.after(() => database.close());
    return database;
  };
  const open = async (t: TestContext) => openAt(t, await server.newDatabase());

  describe('its queue', () => {
    queueSuite(async (t) => queueOf((await open(t)).db));
  });

  test('numbers and bytes come back as they went in', async (t) => {
    const { db } = await open(t);
    await db.insertInto('apiKeys').values(apiKey).execute();
    assert.deepEqual(await db.selectFrom('apiKeys').selectAll().execute(), [apiKey]);
    const { count, first } = await damagedRows(db);
    assert.equal(first, null);
    assert.ok(count > 1);
  });

  test('text is compared by its bytes, whatever the database was made for', async (t) => {
    const { db } = await open(t);
    const rows = await sql<{ name: string }>`
      select a.attname as name from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relname = 'documents' and a.attcollation <> 0 and a.attcollation <> '"C"'::regcollation`.execute(
      db,
    );
    assert.deepEqual(rows.rows, []);
  });

  test('two that open an empty database at once both find it whole', async (t) => {
    const url = await server.newDatabase();
    const [one, other] = await Promise.all([openAt(t, url), openAt(t, url)]);
    await one.db.insertInto('apiKeys').values(apiKey).execute();
    assert.equal((await other.db.selectFrom('apiKeys').selectAll().execute()).length, 1);
  });

  test('what is committed is flushed, also where the database was told not to', async (t) => {
    const url = await server.newDatabase();
    const first = await openAt(t, url);
    await sql`
      do $$ begin
        execute format('alter database %I set synchronous_commit = off', current_database());
      end $$`.execute(first.db);
    const { db } = await openAt(t, url);
    const { rows } = await sql<{ synchronous_commit: string }>`show synchronous_commit`.execute(db);
    assert.deepEqual(rows, [{ synchronous_commit: 'on' }]);
  });

  test('a server that cannot be reached is told without the password', async () => {
    const url = 'postgres://spondon:very-secret@127.0.0.1:1/spondon';
    const error: unknown = await openPostgres(url).then(
      () => null,
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ServiceError);
    assert.equal(error.code, 'STORAGE_UNAVAILABLE');
    assert.match(error.message, /ECONNREFUSED/);
    assert.doesNotMatch(error.message + JSON.stringify(faultOf(error)), /very-secret/);
  });

  test('while the server is away what is asked fails as an outage, and goes on when it is back', async (t) => {
    const { db, problem } = await open(t);
    const ask = () => db.selectFrom('apiKeys').selectAll().execute();
    await ask();
    assert.equal(await problem(), null);
    await server.kill();
    await assert.rejects(ask(), { code: 'STORAGE_UNAVAILABLE' });
    assert.match((await problem()) ?? '', /database/);
    await server.start();
    assert.deepEqual(await ask(), []);
    assert.equal(await problem(), null);
  });

  test('a transaction that is cut off leaves nothing', async (t) => {
    const { db } = await open(t);
    const cutOff = db.transaction().execute(async (trx) => {
      await trx.insertInto('apiKeys').values(apiKey).execute();
      await server.kill();
      await server.start();
      await trx
        .insertInto('apiKeys')
        .values(withCheck({ ...apiKey, id: 'other' }))
        .execute();
    });
    await assert.rejects(cutOff, { code: 'STORAGE_UNAVAILABLE' });
    assert.deepEqual(await db.selectFrom('apiKeys').selectAll().execute(), []);
  });

  test('a copy that stands still in a transaction loses it, and is told of an outage when it goes on', async (t) => {
    const { db } = await open(t);
    const stoodStill = db.transaction().execute(async (trx) => {
      await trx.insertInto('apiKeys').values(apiKey).execute();
      const { rows } = await sql<{ pid: number }>`
        select pg_backend_pid() as pid, set_config('idle_in_transaction_session_timeout', '1ms', true)`.execute(
        trx,
      );
      const isThere = sql`select from pg_stat_activity where pid = ${rows[0]?.pid}`;
      while ((await isThere.execute(db)).rows.length > 0);
      await trx.selectFrom('apiKeys').selectAll().execute();
    });
    await assert.rejects(stoodStill, { code: 'STORAGE_UNAVAILABLE' });
    assert.deepEqual(await db.selectFrom('apiKeys').selectAll().execute(), []);
  });

  test('who waits for a lock outlasts who stands still with it', async (t) => {
    const { db } = await open(t);
    const limit = async (name: string): Promise<number> => {
      const { rows } = await sql<{ ms: number }>`
        select extract(epoch from current_setting(${name})::interval)::float8 * 1000 as ms`.execute(db);
      return rows[0]?.ms ?? NaN;
    };
    assert.ok((await limit('idle_in_transaction_session_timeout')) < (await limit('statement_timeout')));
  });

  test('a deadlock is told as something to be tried again, and the other goes on', async (t) => {
    const { db } = await open(t);
    const at = (one: string, other: string, met: () => Promise<void>) =>
      db.transaction().execute(async (trx) => {
        const insert = (id: string) =>
          trx
            .insertInto('apiKeys')
            .values(withCheck({ ...apiKey, id }))
            .execute();
        await insert(one);
        await met();
        await insert(other);
      });
    let arrived = 0;
    let open2: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (open2 = resolve));
    const meet = (): Promise<void> => {
      arrived += 1;
      if (arrived === 2) open2();
      return both;
    };
    const outcomes = await Promise.allSettled([at('a', 'b', meet), at('b', 'a', meet)]);
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.equal(failed.length, 1);
    assert.equal((failed[0]?.reason as ServiceError).code, 'STORAGE_UNAVAILABLE');
    assert.equal((await db.selectFrom('apiKeys').select('id').execute()).length, 2);
  });

  test('how far what left the queue can be found never runs backwards', async (t) => {
    const db = queueOf((await open(t)).db);
    assert.equal(await anchoredTo(db), -1);
    await noteAnchoredTo(db, 'AMSP', 7);
    await noteAnchoredTo(db, 'AMSP', 5);
    assert.equal(await anchoredTo(db), 7);
  });

  test('what waits, and how far what left the queue can be found, are told in one answer', async (t) => {
    const db = queueOf((await open(t)).db);
    const row = { mspId: 'AMSP', iss: 'bd.dghs.1', acceptedAt: 1, op: 'issue' as const };
    const rows = ['A', 'B'].map((jti) => ({
      ...row,
      jti,
      sha256: `hash ${jti}`,
      statement: `statement ${jti}`,
    }));
    const nothing = { rows: [], anchoredTo: -1 };
    assert.deepEqual(await queuedAndAnchoredTo(db, { jtis: ['A'] }), nothing);
    await enqueue(db, rows);
    await noteAnchoredTo(db, 'AMSP', 7);
    const found = await queuedAndAnchoredTo(db, { sha256: 'hash A', jtis: ['B'] });
    assert.deepEqual([found.rows.map(({ jti }) => jti), found.anchoredTo], [['A', 'B'], 7]);
    assert.deepEqual(await queuedAndAnchoredTo(db, { jtis: ['C'] }), { ...nothing, anchoredTo: 7 });
  });

  test('a lease is held by one, renewed by its holder, and free once it is released or has run out', async (t) => {
    const { copies } = await open(t);
    assert.ok(copies);
    const lease = copies.lease('a log');
    assert.equal(await lease.take('one', 60_000), true);
    assert.equal(await lease.take('other', 60_000), false);
    assert.equal(await copies.lease('another log').take('other', 60_000), true);
    await lease.release('other');
    assert.equal(await lease.take('one', 60_000), true);
    await lease.release('one');
    assert.equal(await lease.take('other', 0), true);
    assert.equal(await lease.take('one', 60_000), true);
  });

  test('work under one name is done by one copy after the other', async (t) => {
    const url = await server.newDatabase();
    const [one, other] = [await openAt(t, url), await openAt(t, url)];
    let atWork = 0;
    const work = async (): Promise<void> => {
      atWork += 1;
      assert.equal(atWork, 1);
      await one.problem();
      atWork -= 1;
    };
    await Promise.all([one, other, one, other].map(async ({ copies }) => copies?.inTurn('a name', work)));
  });

  test('a copy hears that another queued something, also after the connection was lost', async (t) => {
    const url = await server.newDatabase();
    const [one, other] = [await openAt(t, url), await openAt(t, url)];
    let heard: () => void = () => undefined;
    const next = () => new Promise<void>((resolve) => (heard = resolve));
    let first = next();
    const listening = one.copies?.onQueued(() => heard());
    t.after(() => listening?.stop());
    await first;
    first = next();
    other.copies?.tellQueued();
    await first;
    await server.kill();
    first = next();
    await server.start();
    await first;
    first = next();
    other.copies?.tellQueued();
    await first;
  });

  test('a key that is being ended signs nothing more, and what it signed before is waited for', async (t) => {
    const { db, copies } = await open(t);
    assert.ok(copies);
    const row = withCheck({ iss: 'bd.dghs.1', kid: 'kid', sealed: new Uint8Array(1), createdAt: 1 });
    await db.insertInto('issuerKeys').values(row).execute();
    const signs = () => db.transaction().execute((trx) => copies.assertSigns(trx, row.iss, row.kid));
    await signs();
    const order: string[] = [];
    let withholding: ReturnType<typeof copies.withhold> | undefined;
    await db.transaction().execute(async (trx) => {
      await copies.assertSigns(trx, row.iss, row.kid);
      withholding = copies.withhold(row.iss, [row.kid]);
      void withholding.then(() => order.push('withheld'));
      await sql`select pg_sleep(0.05)`.execute(trx);
      order.push('queued');
    });
    const withheld = await withholding;
    assert.deepEqual(order, ['queued', 'withheld']);
    await assert.rejects(signs(), { code: 'KEY_CHANGING' });
    await withheld?.release();
    await signs();
  });
});
