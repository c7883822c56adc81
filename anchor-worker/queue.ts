import { type ExpressionBuilder, type Generated, type Kysely, sql } from 'kysely';

/**
 * Signed statements on their way to the ledger, in order of acceptance. A row is durable when the transaction that
 * wrote it commits, and leaves only once its entry has been read back from the ledger, or the ledger refused it.
 */
export interface QueueTables {
  queue: {
    seq: Generated<number>;
    mspId: string;
    iss: string;
    jti: string;
    op: 'issue' | 'revoke';
    /** Of an issue: the document's SHA-256, base64url, so that a document not anchored yet is found. */
    sha256: string | null;
    statement: string;
    acceptedAt: number;
  };
  /** Statements set aside because the ledger refused them: kept, with the reason, for their issuer to see. */
  refused: {
    seq: number;
    mspId: string;
    iss: string;
    jti: string;
    op: 'issue' | 'revoke';
    statement: string;
    acceptedAt: number;
    refusedAt: number;
    code: string;
    message: string;
  };
  /** Where several processes share the queue: what has left it, or was decided, stands in blocks up to this one. */
  anchoredTo: { mspId: string; block: number };
  /** Where several processes share the queue: which of them works on a log, and until when by the database's clock. */
  leases: { log: string; holder: string; until: Date };
}

export type QueueRow = Omit<QueueTables['queue'], 'seq'> & { seq: number };
export type NewQueueRow = Omit<QueueRow, 'seq'>;
/** What anchoring needs of a row. */
export type QueuedStatement = Pick<QueueRow, 'seq' | 'statement'>;

/** A connection, or a transaction of the caller's: what is queued commits with what else it writes. */
export type QueueDb = Kysely<QueueTables>;

/** SQLite allows 32,766 parameters to a query, PostgreSQL 65,535; a row takes seven. */
const ROWS_PER_INSERT = 1000;

/**
 * Queues statements; one that is queued already stays as it is. Returns those that were not taken, because another
 * statement about the same document and operation waits: nothing may be promised for them. All others are durable once
 * this, or the caller's transaction, is done.
 */
export async function enqueue(db: QueueDb, rows: readonly NewQueueRow[]): Promise<NewQueueRow[]> {
  const refused: NewQueueRow[] = [];
  for (let from = 0; from < rows.length; from += ROWS_PER_INSERT) {
    let left: readonly NewQueueRow[] = rows.slice(from, from + ROWS_PER_INSERT);
    while (left.length > 0) {
      if ((await insertNew(db, left)) === left.length) break;
      const queued = await statementsAbout(db, left);
      refused.push(...left.filter((row) => (queued.get(keyOf(row)) ?? row.statement) !== row.statement));
      // What was in the way may have been anchored between the two questions.
      left = left.filter((row) => !queued.has(keyOf(row)));
    }
  }
  return refused;
}

/** How many were new. */
async function insertNew(db: QueueDb, rows: readonly NewQueueRow[]): Promise<number> {
  const inserted = await db
    .insertInto('queue')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['iss', 'jti', 'op']).doNothing())
    .execute();
  return inserted.reduce(
    (sum, { numInsertedOrUpdatedRows = 0n }) => sum + Number(numInsertedOrUpdatedRows),
    0,
  );
}

async function statementsAbout(
  db: QueueDb,
  rows: readonly NewQueueRow[],
): Promise<ReadonlyMap<string, string>> {
  const jtis = rows.map(({ jti }) => jti);
  const queued = await db
    .selectFrom('queue')
    .select(['iss', 'jti', 'op', 'statement'])
    .where('jti', 'in', jtis)
    .execute();
  return new Map(queued.map((row) => [keyOf(row), row.statement]));
}

function keyOf({ iss, jti, op }: Pick<QueueRow, 'iss' | 'jti' | 'op'>): string {
  return `${iss}/${jti}/${op}`;
}

/** The oldest rows of an organisation after `seq`. */
export function nextInQueue(
  db: QueueDb,
  mspId: string,
  after: number,
  limit: number,
): Promise<QueuedStatement[]> {
  return db
    .selectFrom('queue')
    .select(['seq', 'statement'])
    .where('mspId', '=', mspId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

/** Rows leave the queue: together with what `note` writes, if there is one. */
export async function removeAnchored(
  db: QueueDb,
  seqs: readonly number[],
  note?: (trx: QueueDb) => Promise<void>,
): Promise<void> {
  if (!note) return removeRows(db, seqs);
  await db.transaction().execute(async (trx) => {
    await note(trx);
    await removeRows(trx, seqs);
  });
}

/** Rows whose entries have been read back from the ledger; at most 32,766. */
async function removeRows(db: QueueDb, seqs: readonly number[]): Promise<void> {
  const ordered = [...new Set(seqs)].sort((a, b) => a - b);
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (first === undefined || last === undefined) return;
  const gapless = last - first + 1 === ordered.length;
  const remove = db.deleteFrom('queue');
  // Almost always a run of numbers: one range instead of thousands of parameters.
  if (gapless) await remove.where('seq', '>=', first).where('seq', '<=', last).execute();
  else await remove.where('seq', 'in', ordered).execute();
}

/** Moves statements that were refused out of the way: all of both writes or nothing. At most 32,766. */
export async function setAside(
  db: QueueDb,
  seqs: readonly number[],
  { code, message, at }: { code: string; message: string; at: number },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto('refused')
      .columns([...REFUSED_FROM_QUEUE, 'refusedAt', 'code', 'message'])
      .expression((from) =>
        from
          .selectFrom('queue')
          .select((row) => [
            ...REFUSED_FROM_QUEUE,
            row.val(at).as('refusedAt'),
            row.val(code).as('code'),
            row.val(message).as('message'),
          ])
          .where('seq', 'in', seqs),
      )
      .execute();
    await trx.deleteFrom('queue').where('seq', 'in', seqs).execute();
  });
}

const REFUSED_FROM_QUEUE = ['seq', 'mspId', 'iss', 'jti', 'op', 'statement', 'acceptedAt'] as const;

/** When the statement that waits longest was accepted, Unix ms; null when none waits. */
export async function oldestInQueue(db: QueueDb): Promise<number | null> {
  const oldest = await db.selectFrom('queue').select('acceptedAt').orderBy('seq').limit(1).executeTakeFirst();
  return oldest?.acceptedAt ?? null;
}

export async function queueLength(db: QueueDb): Promise<number> {
  const row = await db
    .selectFrom('queue')
    .select(sql<number | string>`count(*)`.as('count'))
    .executeTakeFirst();
  return Number(row?.count ?? 0);
}

export async function lastInQueue(db: QueueDb, mspId: string): Promise<number> {
  const row = await db
    .selectFrom('queue')
    .select(sql<number | string | null>`max(seq)`.as('seq'))
    .where('mspId', '=', mspId)
    .executeTakeFirst();
  return Number(row?.seq ?? 0);
}

/** What may wait about one document: its hash, base64url, and any of these codes. */
export interface About {
  readonly sha256?: string | undefined;
  readonly jtis: readonly string[];
}

function isAbout({ sha256, jtis }: About) {
  return (row: ExpressionBuilder<QueueTables, 'queue'>) =>
    row.or([
      ...(sha256 === undefined ? [] : [row('queue.sha256', '=', sha256)]),
      ...(jtis.length === 0 ? [] : [row('queue.jti', 'in', jtis)]),
    ]);
}

export function queuedAbout(db: QueueDb, about: About): Promise<QueueRow[]> {
  return db.selectFrom('queue').selectAll().where(isAbout(about)).orderBy('seq').execute();
}

/**
 * The same where several processes share the queue, with what {@link anchoredTo} answers. One question, so both are of
 * one moment: what is not among the rows and was queued before stands in blocks up to that one.
 */
export async function queuedAndAnchoredTo(
  db: QueueDb,
  about: About,
): Promise<{ readonly rows: QueueRow[]; readonly anchoredTo: number }> {
  const found = await db
    .selectFrom((from) =>
      from
        .selectFrom('anchoredTo')
        .select(sql<number | null>`max("block")`.as('block'))
        .as('mark'),
    )
    .leftJoin('queue', (join) => join.on(isAbout(about)))
    .selectAll('queue')
    .select('mark.block')
    .orderBy('queue.seq')
    .execute();
  // Where nothing waits, the one row has the mark alone.
  const rows = found.filter((row): row is typeof row & QueueRow => row.seq !== null);
  return { rows, anchoredTo: found[0]?.block ?? -1 };
}

export function queuedByCode(db: QueueDb, jti: string): Promise<QueueRow[]> {
  return db.selectFrom('queue').selectAll().where('jti', '=', jti).orderBy('seq').execute();
}

export function refusedByCode(db: QueueDb, jti: string): Promise<QueueTables['refused'][]> {
  return db.selectFrom('refused').selectAll().where('jti', '=', jti).orderBy('seq').execute();
}

/** What leaves the queue with this, or was decided before, stands in blocks up to `block`. */
export async function noteAnchoredTo(db: QueueDb, mspId: string, block: number): Promise<void> {
  await db
    .insertInto('anchoredTo')
    .values({ mspId, block })
    .onConflict((conflict) =>
      // A process that was overtaken knows less.
      conflict.column('mspId').doUpdateSet({ block: sql`greatest("anchoredTo"."block", excluded."block")` }),
    )
    .execute();
}

/** Whatever was not found in the queue before this was asked, and is anchored, stands in blocks up to this one. */
export async function anchoredTo(db: QueueDb): Promise<number> {
  const row = await db
    .selectFrom('anchoredTo')
    .select(sql<number | null>`max("block")`.as('block'))
    .executeTakeFirst();
  return row?.block ?? -1;
}

/** Creates the queue's tables when they are missing. */
export async function createQueueTables(db: QueueDb, dialect: 'sqlite' | 'postgres'): Promise<void> {
  await db.schema
    .createTable('queue')
    .ifNotExists()
    .addColumn('seq', dialect === 'sqlite' ? 'integer' : 'bigserial', (column) =>
      // SQLite: AUTOINCREMENT, so that the number of a row that left is never given again.
      dialect === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn('mspId', 'text', (column) => column.notNull())
    .addColumn('iss', 'text', (column) => column.notNull())
    .addColumn('jti', 'text', (column) => column.notNull())
    .addColumn('op', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text')
    .addColumn('statement', 'text', (column) => column.notNull())
    .addColumn('acceptedAt', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('queueByDocument')
    .ifNotExists()
    .unique()
    .on('queue')
    .columns(['jti', 'iss', 'op'])
    .execute();
  await db.schema.createIndex('queueByHash').ifNotExists().on('queue').column('sha256').execute();
  await db.schema
    .createTable('refused')
    .ifNotExists()
    .addColumn('seq', 'bigint', (column) => column.primaryKey())
    .addColumn('mspId', 'text', (column) => column.notNull())
    .addColumn('iss', 'text', (column) => column.notNull())
    .addColumn('jti', 'text', (column) => column.notNull())
    .addColumn('op', 'text', (column) => column.notNull())
    .addColumn('statement', 'text', (column) => column.notNull())
    .addColumn('acceptedAt', 'bigint', (column) => column.notNull())
    .addColumn('refusedAt', 'bigint', (column) => column.notNull())
    .addColumn('code', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('refusedByDocument').ifNotExists().on('refused').column('jti').execute();
}

/**
 * Most of a row says what its signed statement says. Puts the rest (when it was accepted, why it was refused) into an
 * index once more, with which SQLite's integrity check compares it: so a flipped byte is found without a checksum that
 * every insert would have to compute. PostgreSQL has checksums of its own.
 */
export async function repeatInIndexes(db: QueueDb, dialect: 'sqlite' | 'postgres'): Promise<void> {
  if (dialect !== 'sqlite') return;
  await db.schema.dropIndex('queueByHash').execute();
  await db.schema.createIndex('queueByHash').on('queue').columns(['sha256', 'acceptedAt']).execute();
  await db.schema.dropIndex('refusedByDocument').execute();
  await db.schema
    .createIndex('refusedByDocument')
    .on('refused')
    .columns(['jti', 'acceptedAt', 'refusedAt', 'code', 'message'])
    .execute();
}
