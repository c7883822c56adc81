import { formatDocumentId } from '@spondon/protocol/document-id';
import { withCheck } from '../database/row-check.js';
import type { Database } from '../database/schema.js';
import type { DocumentStore } from '../ipfs/store.js';
import { erasureOf, NO_KEY } from './erasure.js';
import { documentRow } from './read.js';

export interface EraseDeps {
  readonly db: Database;
  readonly store: Pick<DocumentStore, 'remove'>;
  /** Sees to it that what was deleted from the database is not left in its files. */
  readonly overwriteDeleted: () => Promise<void>;
  readonly now: () => number;
}

export interface Erasure {
  readonly iss: string;
  readonly jti: string;
  /** Id of the API key that asked, kept with the erasure. */
  readonly apiKey: string;
}

export interface Erased {
  readonly documentId: string;
  readonly erasedAt: string;
  /** When the last backup from before has expired. */
  readonly completeAt: string;
}

const BACKUPS_EXPIRE_MS = 35 * 24 * 3_600_000;
/** More than were ever under way when a service ended. */
const LAST_ERASURES = 1000;

/**
 * Erases a document: destroys the wrap of its key, forgets whose it was, removes the encrypted file. Its statement stays
 * on the ledger. Asked again, it finishes what was left and tells the first time. Throws `DOCUMENT_UNKNOWN`.
 *
 * The wrap goes before the file: a crash in between leaves a file that nobody can open, here or in any copy. The other
 * way round it would leave a key that opens every copy, and a document that looks damaged.
 */
export async function eraseDocument(deps: EraseDeps, { iss, jti, apiKey }: Erasure): Promise<Erased> {
  const { cid, erasedAt } = await deps.db.transaction().execute(async (trx) => {
    const row = await documentRow(trx, iss, jti);
    const earlier = await erasureOf(trx, iss, jti);
    if (earlier) return { cid: row.cid, erasedAt: earlier.erasedAt };
    const at = deps.now();
    await trx
      .updateTable('documents')
      .set(withCheck({ ...row, wrappedKey: NO_KEY, patientId: null }))
      .where('iss', '=', iss)
      .where('jti', '=', jti)
      .execute();
    await trx
      .insertInto('erasures')
      .values(withCheck({ iss, jti, erasedAt: at, apiKey }))
      .execute();
    return { cid: row.cid, erasedAt: at };
  });
  // Nobody opens it from here on; what a crash leaves is removed at the next start.
  await deps.overwriteDeleted();
  await deps.store.remove(cid);
  return {
    documentId: formatDocumentId(jti),
    erasedAt: new Date(erasedAt).toISOString(),
    completeAt: new Date(erasedAt + BACKUPS_EXPIRE_MS).toISOString(),
  };
}

/** At a start: removes the files of erasures that were cut short. */
export async function finishErasures({ db, store }: Pick<EraseDeps, 'db' | 'store'>): Promise<void> {
  const rows = await db
    .selectFrom('erasures')
    .innerJoin('documents', (join) =>
      join.onRef('documents.iss', '=', 'erasures.iss').onRef('documents.jti', '=', 'erasures.jti'),
    )
    .select('documents.cid')
    .orderBy('erasures.erasedAt', 'desc')
    .limit(LAST_ERASURES)
    .execute();
  for (const { cid } of rows) await store.remove(cid);
}
