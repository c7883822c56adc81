import type { Database, Dialect } from '../schema.js';

/** Keys and certificates that reports are signed with. */
export async function createReportKeys(db: Database, dialect: Dialect): Promise<void> {
  const bytes = dialect === 'sqlite' ? 'blob' : 'bytea';
  await db.schema
    .createTable('reportKeys')
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addColumn('certificate', bytes, (column) => column.notNull())
    .addColumn('sealed', bytes, (column) => column.notNull())
    .addPrimaryKeyConstraint('reportKeysKey', ['host', 'createdAt'])
    .execute();
}
