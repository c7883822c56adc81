import type { Database } from '../schema.js';

/** Which documents were erased, when, and with whose key. */
export async function createErasures(db: Database): Promise<void> {
  await db.schema
    .createTable('erasures')
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('iss', 'text', (column) => column.notNull())
    .addColumn('jti', 'text', (column) => column.notNull())
    .addColumn('erasedAt', 'bigint', (column) => column.notNull())
    .addColumn('apiKey', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('erasuresKey', ['iss', 'jti'])
    .execute();
}
