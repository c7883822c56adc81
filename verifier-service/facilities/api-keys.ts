import { withCheck } from '../database/row-check.js';
import type { Database } from '../database/schema.js';
import { ServiceError } from '../error.js';
import { isSameApiKey, newApiKey, parseApiKey } from '../vault/api-key.js';

/** Who calls: a facility, or the operator (`iss` null). */
export interface Caller {
  readonly keyId: string;
  readonly iss: string | null;
}

/** Makes a key and keeps its digest; the text is shown once and nowhere kept. */
export async function issueApiKey(
  db: Database,
  iss: string | null,
  at: number,
  random: (bytes: number) => Uint8Array,
): Promise<{ id: string; text: string }> {
  const { id, text, digest } = newApiKey(random);
  await db
    .insertInto('apiKeys')
    .values(withCheck({ id, iss, digest, createdAt: at, revokedAt: null }))
    .execute();
  return { id, text };
}

/** Whose key an Authorization header carries. Throws `UNAUTHENTICATED`. */
export async function authenticate(db: Database, authorization: string | undefined): Promise<Caller> {
  const [, text = ''] = /^Bearer ([^ ]+)$/i.exec(authorization ?? '') ?? [];
  const presented = parseApiKey(text);
  if (!presented) {
    throw new ServiceError('UNAUTHENTICATED', "Send the facility's API key: 'Authorization: Bearer spk_…'");
  }
  const row = await db
    .selectFrom('apiKeys')
    .select(['iss', 'digest'])
    .where('id', '=', presented.id)
    .where('revokedAt', 'is', null)
    .executeTakeFirst();
  if (!row || !isSameApiKey(presented.digest, row.digest)) {
    throw new ServiceError(
      'UNAUTHENTICATED',
      'This API key is not valid, or not any more; ask for a new one',
    );
  }
  return { keyId: presented.id, iss: row.iss };
}

/** Ends a key at once. Throws `NOT_FOUND`. */
export async function revokeApiKey(db: Database, id: string, at: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const row = await trx.selectFrom('apiKeys').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row || row.revokedAt !== null)
      throw new ServiceError('NOT_FOUND', `There is no valid API key ${id}`);
    await trx
      .updateTable('apiKeys')
      .set(withCheck({ ...row, revokedAt: at }))
      .where('id', '=', id)
      .execute();
  });
}
