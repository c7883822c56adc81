import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { OWNER_ONLY_FILE, unlessMissing, writeFileDurably } from '@spondon/ledger/durable-file';
import { toHex } from '@spondon/protocol/bytes';
import type { Ledger } from '@spondon/ledger/port';
import { rowCheck, withCheck } from '../database/row-check.js';
import type { Database } from '../database/schema.js';
import { ServiceError } from '../error.js';
import type { Folders } from './folders.js';

/** There is one row. */
const ID = 1;

/** The ledger and the master key that a database is about; undefined before its first service has started. */
export async function ownerOf(db: Database): Promise<{ ledger: string; masterKey: string } | undefined> {
  const row = await db.selectFrom('belongsTo').selectAll().where('id', '=', ID).executeTakeFirst();
  if (row && row.check !== rowCheck(row))
    throw new ServiceError('DATA_DAMAGED', 'Table belongsTo of the database is not as it was written');
  return row;
}

/**
 * To be asked before anything is founded. Throws `MASTER_KEY_WRONG` for a database whose keys are sealed under another
 * master key, and `DATABASE_OF_ANOTHER` where a ledger would be founded beside one that is about another.
 */
export async function assertMayOpen(db: Database, keyId: string, hasLedger: boolean): Promise<void> {
  const owner = await ownerOf(db);
  if (!owner) return;
  if (owner.masterKey !== keyId) {
    throw new ServiceError(
      'MASTER_KEY_WRONG',
      `The database belongs to another master key (id ${owner.masterKey}, this one has the id ${keyId}). Nothing was ` +
        'changed. Give the right key and start again.',
    );
  }
  if (!hasLedger) throw ofAnother();
}

/**
 * Keeps whose the database is, at a first start; of several at once, one comes first. Returns the name of the ledger.
 * Throws `DATABASE_OF_ANOTHER`.
 */
export async function assertBelongs(db: Database, ledger: Ledger, keyId: string): Promise<string> {
  const row = { id: ID, ledger: await nameOf(ledger), masterKey: keyId };
  await db
    .insertInto('belongsTo')
    .values(withCheck(row))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  await assertMayOpen(db, keyId, true);
  if ((await ownerOf(db))?.ledger !== row.ledger) throw ofAnother();
  return row.ledger;
}

/** Keeps in the data folder which ledger its database on a server is about: a command is to meet no other one there. */
export async function rememberOwner({ databaseElsewhere }: Folders, ledger: string): Promise<void> {
  if ((await readFile(databaseElsewhere, 'utf8')) !== ledger)
    await writeFileDurably(databaseElsewhere, ledger, OWNER_ONLY_FILE);
}

/** On PostgreSQL. Throws `DATABASE_OF_ANOTHER` when the folder remembers a ledger, and the database is about another, or about none yet. */
export async function assertRemembered({ databaseElsewhere }: Folders, db: Database): Promise<void> {
  const remembered = (await unlessMissing(readFile(databaseElsewhere, 'utf8'))) ?? '';
  if (remembered === '') return;
  const { rows } = await sql<{ isMade: boolean }>`
    select to_regclass('"belongsTo"') is not null as "isMade"`.execute(db);
  if (!rows[0]?.isMade || (await ownerOf(db))?.ledger !== remembered) throw ofAnother();
}

/** A network has many organisations, and a channel's first block is its own. */
async function nameOf(ledger: Ledger): Promise<string> {
  for await (const { hash } of ledger.blocks(0, new AbortController().signal))
    return `${ledger.mspId}/${toHex(hash)}`;
  throw new TypeError('a ledger that has blocks');
}

function ofAnother(): ServiceError {
  return new ServiceError(
    'DATABASE_OF_ANOTHER',
    'The database belongs to another ledger, or to another organisation on it. Nothing was changed. Name the database ' +
      'of this one, or restore the data folder that belongs to it.',
  );
}
