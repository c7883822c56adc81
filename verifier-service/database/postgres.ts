import {
  Kysely,
  type PostgresCursor,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  sql,
} from 'kysely';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { ServiceError } from '../error.js';
import { assertMigrated, migrate } from './migrate.js';
import { copiesOn } from './postgres-copies.js';
import { isOutage, isRolledBack, tookTooLong, unavailable, unavailableFor } from './postgres-outage.js';
import { commandAtWork, othersAtWork, type Presence, takePresence, timesAlone } from './postgres-presence.js';
import { checkServer } from './postgres-self-check.js';
import type { Database, ServiceTables } from './schema.js';
import type { DatabaseView, OwnDatabase, ServiceDatabase } from './service-database.js';

/**
 * A database on PostgreSQL 15 or later, shared by the copies of a service.
 *
 * Durability: a transaction is on the server's disk once it has committed. Where the server was told otherwise
 * (`synchronous_commit` off or local), our connections say `on`; a stronger setting stays.
 * Idempotence: none by itself. When the connection is lost during a commit, nobody knows whether it took effect; what is
 * accepted twice is caught by the tables' keys.
 * Retry: none here. A statement on a lost connection fails with `STORAGE_UNAVAILABLE`, and so does one that met a
 * deadlock, a time-out or a server without room: its transaction is rolled back, and the caller may repeat it. The next
 * statement connects anew. Transactions are READ COMMITTED: none fails because others went on beside it.
 */
export async function openPostgres(url: string): Promise<ServiceDatabase> {
  let timesAtStart: number | undefined;
  let isAtAnEnd = false;
  const db = databaseOn(settingsOf(url), async (client) => {
    if (!(await takePresence(client, 'together')))
      throw timesAtStart === undefined ? commandAtWork() : unavailableFor('a command has it to itself');
    if (timesAtStart === undefined || (await timesAlone(client)) === timesAtStart) return;
    isAtAnEnd = true;
    throw unavailableFor('a command had it to itself meanwhile, and this copy has to be restarted');
  });
  const copies = copiesOn(db, () => new pg.Client(settingsOf(url)));
  try {
    await copies.inTurn('migrations', () => migrate(db, 'postgres', Date.now()));
    const { times } = await db.selectFrom('workAlone').select('times').executeTakeFirstOrThrow();
    timesAtStart = times;
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return {
    db,
    overwriteDeleted: () => vacuum(db),
    problem: async () => {
      const problem = await problemOf(db);
      return problem !== null && isAtAnEnd ? WORKED_ON_MEANWHILE : problem;
    },
    copies,
    close: () => db.destroy(),
  };
}

/** Throws when it is not the database that was meant. Asked before anything else is. */
type AssertOurs = (db: Database) => Promise<void>;

/**
 * {@link openPostgres} for a command that nobody may work beside, on one connection. When that is lost, it is over:
 * nobody knows who was at work meanwhile. Throws `DATA_LOCKED` while copies or other commands are.
 */
export async function openPostgresAlone(url: string, assertOurs: AssertOurs): Promise<OwnDatabase> {
  const db = onOneConnection(url, 'alone');
  try {
    await assertOurs(db);
    await migrate(db, 'postgres', Date.now());
    await db
      .updateTable('workAlone')
      .set(({ eb }) => ({ times: eb('times', '+', 1) }))
      .execute();
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return { db, overwriteDeleted: () => vacuum(db), close: () => db.destroy() };
}

/**
 * Runs `work` on a database as it is at this moment (REPEATABLE READ), to be read only; copies may go on. Throws
 * `DATA_OLDER` and `DATA_NEWER` for another version's schema, `DATA_LOCKED` while a command is at work alone.
 */
export async function withPostgresToRead<T>(
  url: string,
  assertOurs: AssertOurs,
  work: (view: DatabaseView) => Promise<T>,
): Promise<T> {
  const now = databaseOn({ ...settingsOf(url), ...UNHURRIED }, async (client) => {
    if (!(await takePresence(client, 'together'))) throw commandAtWork();
  });
  try {
    const transaction = now.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
    return await transaction.execute(async (db) => {
      await assertOurs(db);
      await assertMigrated(db, 'postgres');
      return work({ name: 'PostgreSQL', db, now, selfCheck: () => checkServer(db) });
    });
  } finally {
    await now.destroy();
  }
}

/**
 * For a command that brings everything that is to be in it, and works alone. Throws `DATABASE_NOT_EMPTY` where there is
 * any table.
 */
export async function openForFilling(url: string): Promise<Database> {
  const db = onOneConnection(url, 'alone');
  try {
    const { rows } = await sql<{ name: string }>`
      select relname as name from pg_class
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') limit 1`.execute(db);
    const [first] = rows;
    if (!first) return db;
    const message = `The database has tables already, such as ${first.name}: name one that is empty. Nothing was done.`;
    throw new ServiceError('DATABASE_NOT_EMPTY', message);
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Where the tables are, or would be made. */
export async function schemaOf(db: Database): Promise<string> {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db);
  return rows[0]?.schema ?? 'public';
}

const WORKED_ON_MEANWHILE =
  'The database was worked on by a command while this copy had lost it: restart this copy';

/**
 * Runs `work` while no command can have the database to itself. Throws `DATA_LOCKED` while one has, and
 * `STORAGE_UNAVAILABLE` when nobody knows whether one had meanwhile.
 */
export async function withPostgresBeside<T>(
  url: string,
  assertOurs: AssertOurs,
  work: () => Promise<T>,
): Promise<T> {
  const db = onOneConnection(url, 'together');
  try {
    await assertOurs(db);
    const result = await work();
    await sql`select 1`.execute(db);
    return result;
  } finally {
    await db.destroy();
  }
}

/** That is not replaced when it is lost. */
function onOneConnection(url: string, presence: Presence): Database {
  let isTaken = false;
  return databaseOn({ ...settingsOf(url), ...UNHURRIED, max: 1, min: 1 }, async (client) => {
    if (isTaken) throw unavailableFor('the connection was lost; run the command again');
    if (!(await takePresence(client, presence)))
      throw presence === 'alone' ? othersAtWork() : commandAtWork();
    isTaken = true;
  });
}

/** `admit` says whether a new connection may be used, and throws when not. */
function databaseOn(settings: pg.PoolConfig, admit: (client: pg.ClientBase) => Promise<void>): Database {
  const pool = new pg.Pool(settings);
  // An idle connection was lost: the pool has dropped it, and the next who needs one connects.
  pool.on('error', () => undefined);
  const prepare = async (client: pg.ClientBase): Promise<void> => {
    await client.query(SESSION_SETTINGS);
    await admit(client);
  };
  const dialect = new PostgresDialect({ pool: withOurErrors(pool, prepare), cursor: Cursor });
  return new Kysely<ServiceTables>({ dialect });
}

/** More requests than that at once wait for one another's statements. */
const CONNECTIONS = 12;
const CONNECT_MS = 5000;
/** Longer than any statement of ours takes on a server that works. */
const STATEMENT_MS = 10_000;
/** Of a server that says nothing more. */
const SILENCE_MS = 15_000;
/**
 * Of a copy that stands still in a transaction: its locks are gone before others, who wait for them as long as for any
 * statement, give up.
 */
const STANDSTILL_MS = 5_000;
const IDLE_MS = 60_000;

function settingsOf(url: string): pg.PoolConfig {
  return {
    connectionString: url,
    application_name: 'spondon',
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: STANDSTILL_MS,
    query_timeout: SILENCE_MS,
    keepAlive: true,
    // Whoever is at work on it holds a connection, and with that the lock that says so.
    min: 1,
    types: { getTypeParser: parserOf },
  };
}

/** For commands, whose statements may take long, and which do other things between them. */
const UNHURRIED = {
  statement_timeout: 0,
  idle_in_transaction_session_timeout: 0,
  query_timeout: 0,
} as const satisfies pg.PoolConfig;

const SESSION_SETTINGS = `
  select set_config('default_transaction_isolation', 'read committed', false),
    case when current_setting('synchronous_commit') in ('off', 'local')
      then set_config('synchronous_commit', 'on', false) end`;

type Parse = (text: string) => unknown;
/** As every server numbers them, in `pg_type`. */
const [INT8, BYTEA] = [20, 17];
const usualParser = pg.types.getTypeParser as (type: number, format: 'text' | 'binary') => Parse;

function parserOf(type: number, format: 'text' | 'binary' = 'text'): Parse {
  if (format === 'text' && type === INT8) return safeInteger;
  if (format === 'text' && type === BYTEA) return bytesOf;
  return usualParser(type, format);
}

function safeInteger(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError('a number of the database is out of range');
  return number;
}

/** Not a Buffer, which shares memory with others. */
function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice('\\x'.length), 'hex'));
}

/**
 * Erased rows and their keys go with the next vacuum. A table that somebody else is at, or that takes too long, is left to
 * the next call, or to the server's own. What remains in its write-ahead log goes as that is used again.
 */
async function vacuum(db: Database): Promise<void> {
  try {
    await sql`vacuum (skip_locked) "documents", "facilityKeys", "issuerKeys", "reportKeys"`.execute(db);
  } catch (error) {
    if (!(error instanceof ServiceError && tookTooLong(error.cause))) throw error;
  }
}

async function problemOf(db: Database): Promise<string | null> {
  try {
    await sql`select 1`.execute(db);
    return null;
  } catch (error) {
    if (error instanceof ServiceError) return 'The database does not answer; see the log of PostgreSQL';
    throw error;
  }
}

/** Kysely knows a connection by its object: the same one each time. A new one that `prepare` refuses is closed. */
function withOurErrors(pool: pg.Pool, prepare: (client: pg.ClientBase) => Promise<void>): PostgresPool {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect().catch((error: unknown) => {
        throw unavailable(error);
      });
      const before = known.get(client);
      if (before) return before;
      const ours = wrapped(client);
      try {
        await prepare(client);
      } catch (error) {
        client.release(true);
        throw isOutage(error) && !(error instanceof ServiceError) ? unavailable(error) : error;
      }
      known.set(client, ours);
      return ours;
    },
  };
}

function wrapped(client: pg.PoolClient): PostgresPoolClient {
  let isSpoiled = false;
  // While it is lent out, nobody else listens, and an error that nobody hears ends the process.
  client.on('error', () => (isSpoiled = true));
  const asOurs = (error: unknown): unknown => {
    if (!isOutage(error)) return error;
    // It may be read-only now, or still be at work on what nobody waits for any more.
    if (!isRolledBack(error)) isSpoiled = true;
    return unavailable(error);
  };
  /** Rows that are read a few at a time. */
  const cursorOn = (cursor: Cursor<unknown>): PostgresCursor<unknown> => ({
    read: (count) =>
      cursor.read(count).catch((error: unknown) => {
        throw asOurs(error);
      }),
    // On a connection that was lost, it would wait for an answer for ever.
    close: () => (isSpoiled ? Promise.resolve() : cursor.close()),
  });
  return {
    // Two in one, as the driver has it: a statement, or a cursor that is read later.
    query: ((statement: unknown, parameters?: unknown[]) => {
      if (typeof statement !== 'string') return cursorOn(client.query(statement as Cursor<unknown>));
      return client.query(statement, parameters).catch((error: unknown) => {
        throw asOurs(error);
      });
    }) as unknown as PostgresPoolClient['query'],
    release: () => client.release(isSpoiled),
  };
}
