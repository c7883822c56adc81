import {
  CompiledQuery,
  Kysely,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  sql,
} from 'kysely';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { ServiceError } from '../error.js';
import { migrate } from './migrate.js';
import { copiesOn } from './postgres-copies.js';
import { isOutage, isRolledBack, tookTooLong, unavailable } from './postgres-outage.js';
import type { Database, ServiceTables } from './schema.js';
import type { ServiceDatabase } from './service-database.js';

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
  const pool = new pg.Pool(settingsOf(url));
  // An idle connection was lost: the pool has dropped it, and the next who needs one connects.
  pool.on('error', () => undefined);
  const dialect = new PostgresDialect({
    pool: withOurErrors(pool),
    cursor: Cursor,
    onCreateConnection: async (connection) => {
      await connection.executeQuery(SESSION_SETTINGS);
    },
  });
  const db = new Kysely<ServiceTables>({ dialect });
  const copies = copiesOn(db, () => new pg.Client(settingsOf(url)));
  try {
    await copies.inTurn('migrations', () => migrate(db, 'postgres', Date.now()));
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return {
    db,
    overwriteDeleted: () => vacuum(db),
    problem: () => problemOf(db),
    copies,
    close: () => db.destroy(),
  };
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
    types: { getTypeParser: parserOf },
  };
}

const SESSION_SETTINGS = CompiledQuery.raw(`
  select set_config('default_transaction_isolation', 'read committed', false),
    case when current_setting('synchronous_commit') in ('off', 'local')
      then set_config('synchronous_commit', 'on', false) end`);

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

/** Kysely knows a connection by its object: the same one each time. */
function withOurErrors(pool: pg.Pool): PostgresPool {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect().catch((error: unknown) => {
        throw unavailable(error);
      });
      const ours = known.get(client) ?? wrapped(client);
      known.set(client, ours);
      return ours;
    },
  };
}

function wrapped(client: pg.PoolClient): PostgresPoolClient {
  let isSpoiled = false;
  // While it is lent out, nobody else listens, and an error that nobody hears ends the process.
  client.on('error', () => (isSpoiled = true));
  return {
    // Two in one, as the driver has it: a statement, or a cursor that is read later.
    query: ((statement: unknown, parameters?: unknown[]) => {
      if (typeof statement !== 'string') return client.query(statement as pg.Submittable);
      return client.query(statement, parameters).catch((error: unknown) => {
        if (!isOutage(error)) throw error;
        // It may be read-only now, or still be at work on what nobody waits for any more.
        if (!isRolledBack(error)) isSpoiled = true;
        throw unavailable(error);
      });
    }) as unknown as PostgresPoolClient['query'],
    release: () => client.release(isSpoiled),
  };
}
