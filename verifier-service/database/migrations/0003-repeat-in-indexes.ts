import { repeatInIndexes } from '@spondon/anchor-worker/queue';
import { type Database, type Dialect, queueOf } from '../schema.js';

/** Damage to what no statement vouches for of a waiting or refused row is found from here on. */
export async function repeatQueueInIndexes(db: Database, dialect: Dialect): Promise<void> {
  await repeatInIndexes(queueOf(db), dialect);
}
