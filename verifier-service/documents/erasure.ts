import type { Database } from '../database/schema.js';

/** What stands in an erased document's row in the place of its key. */
export const NO_KEY = '';

export function erasureOf(db: Database, iss: string, jti: string): Promise<{ erasedAt: number } | undefined> {
  return db
    .selectFrom('erasures')
    .select('erasedAt')
    .where('iss', '=', iss)
    .where('jti', '=', jti)
    .executeTakeFirst();
}
