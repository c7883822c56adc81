import { sql } from 'kysely';
import { createQueueTables } from '@spondon/anchor-worker/queue';
import { type Database, type Dialect, queueOf } from '../schema.js';

/**
 * The tables of the first version. Its databases have no number yet and all of these, or, from an interrupted start,
 * some: only what is missing is made.
 */
export async function createFirstTables(db: Database, dialect: Dialect): Promise<void> {
  const bytes = dialect === 'sqlite' ? 'blob' : 'bytea';
  await createQueueTables(queueOf(db), dialect);
  await db.schema
    .createTable('documents')
    .ifNotExists()
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('jti', 'text', (column) => column.notNull())
    .addColumn('iss', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('cid', 'text', (column) => column.notNull())
    .addColumn('size', 'integer', (column) => column.notNull())
    .addColumn('wrappedKey', 'text', (column) => column.notNull())
    .addColumn('patientId', 'text')
    .addColumn('supersedes', 'text')
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('documentsKey', ['iss', 'jti'])
    .execute();
  await db.schema
    .createIndex('documentsByTime')
    .ifNotExists()
    .on('documents')
    .columns(['iss', 'createdAt', 'jti'])
    .execute();
  await db.schema
    .createTable('statistics')
    .ifNotExists()
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('iss', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('icd10', 'text')
    .addColumn('upazila', 'text')
    .addColumn('ageBand', 'text')
    .addColumn('day', 'text', (column) => column.notNull())
    .$call((table) => (dialect === 'sqlite' ? table.modifyEnd(sql`without rowid`) : table))
    .execute();
  await db.schema
    .createTable('issuerKeys')
    .ifNotExists()
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('iss', 'text', (column) => column.notNull())
    .addColumn('kid', 'text', (column) => column.notNull())
    .addColumn('sealed', bytes, (column) => column.notNull())
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('issuerKeysKey', ['iss', 'kid'])
    .execute();
  await db.schema
    .createTable('facilityKeys')
    .ifNotExists()
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('iss', 'text', (column) => column.primaryKey())
    .addColumn('sealed', bytes, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('apiKeys')
    .ifNotExists()
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('iss', 'text')
    .addColumn('digest', bytes, (column) => column.notNull())
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addColumn('revokedAt', 'bigint')
    .execute();
  await db.schema
    .createTable('idempotency')
    .ifNotExists()
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('caller', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('request', bytes, (column) => column.notNull())
    .addColumn('status', 'integer', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('idempotencyKey', ['caller', 'key'])
    .execute();
}
