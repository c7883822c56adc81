import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import type pg from 'pg';
import { ServiceError } from '../error.js';
import { unavailable } from './postgres-outage.js';
import type { Database } from './schema.js';
import type { Copies } from './service-database.js';

/** A connection of its own, not yet open: for what lasts longer than a statement. */
type NewClient = () => pg.Client;

/** While a key is being ended: longer than that takes, so that a crash meanwhile does not keep it withheld. */
const WITHHELD_MS = 180_000;
const QUEUED = 'spondon_queued';
const RECONNECT_MS = 1000;

/** What copies settle through PostgreSQL: locks and leases live there, and times are those of its clock. */
export function copiesOn(db: Database, newClient: NewClient): Copies {
  const self = randomUUID();
  return {
    inTurn: (name, work) => inTurn(newClient, name, work),
    lease: (log) => ({
      take: (holder, ms) => takeLease(db, log, holder, ms),
      release: async (holder) => {
        await sql`delete from "leases" where "log" = ${log} and "holder" = ${holder}`.execute(db);
      },
    }),
    assertSigns,
    withhold: (iss, kids) => withhold(db, iss, kids),
    tellQueued: tellOnce(async () => {
      await sql`select pg_notify(${QUEUED}, ${self})`.execute(db);
    }),
    onQueued: (listener) =>
      listen(newClient, (teller) => {
        if (teller !== self) listener();
      }),
  };
}

/** The lock goes with its connection, so a copy that dies leaves none behind. */
async function inTurn<T>(newClient: NewClient, name: string, work: () => Promise<T>): Promise<T> {
  const client = newClient();
  // Told by the statement that fails for it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1::bigint)', [lockNumber(name)]);
  } catch (error) {
    await hangUp(client);
    throw unavailable(error);
  }
  try {
    return await work();
  } finally {
    await hangUp(client);
  }
}

/** Of a name: 64 bits, as text. */
function lockNumber(name: string): string {
  return createHash('sha256').update(`spondon/${name}`).digest().readBigInt64BE().toString();
}

async function takeLease(db: Database, log: string, holder: string, ms: number): Promise<boolean> {
  const { rows } = await sql`
    insert into "leases" ("log", "holder", "until")
    values (${log}, ${holder}, clock_timestamp() + ${ms}::float8 * interval '1 millisecond')
    on conflict ("log") do update set "holder" = excluded."holder", "until" = excluded."until"
    where "leases"."holder" = excluded."holder" or "leases"."until" < clock_timestamp()
    returning "holder"`.execute(db);
  return rows.length > 0;
}

/** The lock on the key's row makes `withhold` wait for this transaction, and this one see what `withhold` wrote. */
async function assertSigns(trx: Database, iss: string, kid: string): Promise<void> {
  await sql`select 1 from "issuerKeys" where "iss" = ${iss} and "kid" = ${kid} for key share`.execute(trx);
  const { rows } = await sql`
    select 1 from "withheldKeys" where "iss" = ${iss} and "kid" = ${kid} and "until" > clock_timestamp()`.execute(
    trx,
  );
  if (rows.length === 0) return;
  throw new ServiceError('KEY_CHANGING', "This facility's signing key is being replaced: try again");
}

async function withhold(db: Database, iss: string, kids: readonly string[]) {
  const release = async (): Promise<void> => {
    await db.deleteFrom('withheldKeys').where('iss', '=', iss).where('kid', 'in', kids).execute();
  };
  if (kids.length === 0) return { release: () => Promise.resolve() };
  await db.transaction().execute(async (trx) => {
    await sql`
      select 1 from "issuerKeys" where "iss" = ${iss} and "kid" in (${sql.join(kids)})
      order by "kid" for update`.execute(trx);
    for (const kid of kids) {
      await sql`
        insert into "withheldKeys" ("iss", "kid", "until")
        values (${iss}, ${kid}, clock_timestamp() + ${WITHHELD_MS}::float8 * interval '1 millisecond')
        on conflict ("iss", "kid") do update set "until" = excluded."until"`.execute(trx);
    }
  });
  return { release };
}

/** One message at a time; what is to be told meanwhile is told by the next. */
function tellOnce(tell: () => Promise<void>): () => void {
  let [isTelling, isMore] = [false, false];
  const go = async (): Promise<void> => {
    do {
      isMore = false;
      // Whoever listens looks by itself now and then.
      await tell().catch(() => undefined);
    } while (isMore as boolean);
    isTelling = false;
  };
  return () => {
    isMore = true;
    if (isTelling) return;
    isTelling = true;
    void go();
  };
}

/** For as long as it is not stopped, connecting anew whenever the connection is lost: what was missed is one message. */
function listen(newClient: NewClient, listener: (teller: string | undefined) => void) {
  const stop = new AbortController();
  const { signal } = stop;
  const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const listenOnce = async (): Promise<void> => {
    const client = newClient();
    const lost = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
    });
    client.on('notification', ({ payload }) => listener(payload));
    try {
      await client.connect();
      await client.query(`listen ${QUEUED}`);
      listener(undefined);
      await Promise.race([lost, stopped]);
    } finally {
      await hangUp(client);
    }
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      // The next attempt tells whether it is over.
      await listenOnce().catch(() => undefined);
      await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    stop: async (): Promise<void> => {
      stop.abort();
      await running;
    },
  };
}

/** Of a connection that is lost already, there is nothing to be told. */
async function hangUp(client: pg.Client): Promise<void> {
  await client.end().catch(() => undefined);
}
