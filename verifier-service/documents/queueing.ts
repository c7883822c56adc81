import type { Statement } from '@spondon/protocol/statement';
import type { NewQueueRow, QueueRow } from '@spondon/anchor-worker/queue';
import { type Database, queueOf } from '../database/schema.js';

export function queueRow(mspId: string, statement: Statement, text: string, acceptedAt: number): NewQueueRow {
  const { iss, jti, op } = statement;
  const sha256 = statement.op === 'issue' ? statement.sha256 : null;
  return { mspId, iss, jti, op, sha256, statement: text, acceptedAt };
}

/** What is queued under any of these documentIds, by documentId. */
export async function queuedByCodes(db: Database, jtis: readonly string[]): Promise<Map<string, QueueRow[]>> {
  // PostgreSQL takes no empty list.
  if (jtis.length === 0) return new Map();
  const rows = await queueOf(db)
    .selectFrom('queue')
    .selectAll()
    .where('jti', 'in', jtis)
    .orderBy('seq')
    .execute();
  const byCode = new Map<string, QueueRow[]>();
  for (const row of rows) byCode.set(row.jti, [...(byCode.get(row.jti) ?? []), row]);
  return byCode;
}
