import { withCheck } from '../database/row-check.js';
import type { Database } from '../database/schema.js';
import { ServiceError } from '../error.js';

/** A POST that its caller may repeat: under the same key it takes effect once, and is answered alike. */
export interface Idempotent {
  /** The API key's id: keys of different callers never meet. */
  readonly caller: string;
  readonly key: string;
  /** SHA-256 of what is asked. */
  readonly request: Uint8Array;
}

export interface Outcome {
  readonly status: number;
  readonly body: unknown;
  readonly at: number;
}

/** Kept as long as a client may reasonably retry. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

/** Requests of this process that have not been answered yet: a second one under the same key must not start. */
export type InProgress = Set<string>;

/** The earlier answer to this request, or null when it is new. Throws when the key was used for another request. */
export async function earlierOutcome(
  db: Database,
  { caller, key, request }: Idempotent,
): Promise<{ status: number; body: unknown } | null> {
  const row = await db
    .selectFrom('idempotency')
    .selectAll()
    .where('caller', '=', caller)
    .where('key', '=', key)
    .executeTakeFirst();
  if (!row) return null;
  if (!Buffer.from(row.request).equals(request)) {
    throw new ServiceError(
      'IDEMPOTENCY_MISMATCH',
      'This Idempotency-Key was used for another request; draw a new one',
    );
  }
  return { status: row.status, body: JSON.parse(row.body) as unknown };
}

/** To be written in the transaction that takes effect: both happen, or neither. */
export async function saveOutcome(
  db: Database,
  { caller, key, request }: Idempotent,
  { status, body, at }: Outcome,
): Promise<void> {
  const { numInsertedOrUpdatedRows: saved } = await db
    .insertInto('idempotency')
    .values(withCheck({ caller, key, request, status, body: JSON.stringify(body), createdAt: at }))
    .onConflict((conflict) => conflict.columns(['caller', 'key']).doNothing())
    .executeTakeFirst();
  // Another copy of the service was first: what was done here is undone.
  if (saved === 0n) throw stillInProgress();
}

/** Answers a repeated request as the first time, and holds off one that comes while the first is under way. */
export async function once<T>(
  db: Database,
  inProgress: InProgress,
  idempotent: Idempotent | null,
  first: () => Promise<{ status: number; body: T }>,
): Promise<{ status: number; body: T }> {
  if (!idempotent) return first();
  const name = `${idempotent.caller}/${idempotent.key}`;
  if (inProgress.has(name)) {
    throw stillInProgress();
  }
  inProgress.add(name);
  try {
    const earlier = await earlierOutcome(db, idempotent);
    return earlier ? (earlier as { status: number; body: T }) : await first();
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'IDEMPOTENCY_IN_PROGRESS')) throw error;
    const done = await earlierOutcome(db, idempotent);
    if (!done) throw error;
    return done as { status: number; body: T };
  } finally {
    inProgress.delete(name);
  }
}

function stillInProgress(): ServiceError {
  const message = 'The first request under this Idempotency-Key is still under way';
  return new ServiceError('IDEMPOTENCY_IN_PROGRESS', message);
}

export async function forgetOldOutcomes(db: Database, now: number): Promise<void> {
  await db
    .deleteFrom('idempotency')
    .where('createdAt', '<', now - KEPT_MS)
    .execute();
}
