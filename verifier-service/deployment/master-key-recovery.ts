import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import Libsql from 'libsql';
import { syncFolder } from '@spondon/ledger/durable-file';
import { adoptResealed, dropResealed, sealedKeyIn } from '@spondon/ledger/embedded/reseal';
import { readKeyFile } from '../vault/master-key.js';
import { createVault, keyIdOf } from '../vault/seal.js';
import type { Folders } from './folders.js';

/** The id of the master key that the database is sealed under; null while nothing in it is. */
export type AskDatabase = () => Promise<string | null>;

/** A new master key that was made here and is not in force yet. */
export const nextKeyFile = ({ masterKey }: Pick<Folders, 'masterKey'>): string => `${masterKey}.next`;

/** Where the key goes that was in force before: the backups made until then open with no other. */
export const oldKeyFile = ({ masterKey }: Pick<Folders, 'masterKey'>, keyId: string): string =>
  `${masterKey}.${keyId}`;

/**
 * After a change of the master key that was cut short: the folder is afterwards sealed under one key only, the new one
 * exactly when the database was. Which key sealed something is told by what was sealed, so no key is needed here.
 */
export async function settleMasterKeyChange(folders: Folders, inDatabase: AskDatabase): Promise<void> {
  const prepared = await sealedKeyIn(folders.ledger, 'prepared');
  if (prepared) {
    const keyId = await inDatabase();
    // Where nothing in the database is sealed, it fits the new key as well as the old one.
    if (keyId === null || keyId === keyIdOf(prepared)) await adoptResealed(folders.ledger);
    else await dropResealed(folders.ledger);
  }
  await settleKeyFile(folders, inDatabase);
}

/** Whether ledger and database were sealed under the same key, or can be brought to that. A network's ledger is sealed under none. */
export async function isSealedUnderOneKey({ ledger, database }: Folders): Promise<boolean> {
  const inDatabase = keyIdInSqlite(database);
  if (inDatabase === null) return true;
  const sealed = [await sealedKeyIn(ledger, 'present'), await sealedKeyIn(ledger, 'prepared')];
  if (sealed.every((each) => each === null)) return true;
  return sealed.some((each) => each !== null && keyIdOf(each) === inDatabase);
}

/** The file that was made for the new key takes the old one's place once the data is sealed under it. */
export async function settleKeyFile(folders: Folders, inDatabase: AskDatabase): Promise<void> {
  const { masterKey, data } = folders;
  const next = nextKeyFile(folders);
  const made = await keyIdInFile(next);
  if (made === null) return;
  if ((await keyIdInForce(folders, inDatabase)) === made) {
    await setAsideKeyFile(folders);
    await rename(next, masterKey);
  } else {
    await rm(next);
  }
  await syncFolder(data);
}

/** Id of the key that everything opens with; null while nothing is sealed. A ledger on a network is sealed under none. */
export async function keyIdInForce({ ledger }: Folders, inDatabase: AskDatabase): Promise<string | null> {
  const sealed = await sealedKeyIn(ledger, 'present');
  return sealed ? keyIdOf(sealed) : inDatabase();
}

/** Keeps the old key under its id. Returns where; null when there was no file. */
export async function setAsideKeyFile(folders: Folders): Promise<string | null> {
  const old = await keyIdInFile(folders.masterKey);
  if (old === null) return null;
  const kept = oldKeyFile(folders, old);
  await rename(folders.masterKey, kept);
  await syncFolder(folders.data);
  return kept;
}

async function keyIdInFile(file: string): Promise<string | null> {
  const key = await readKeyFile(file);
  return key ? createVault(key, () => new Uint8Array()).keyId : null;
}

/** All of them are sealed anew in one transaction, so any row tells. */
const SEALED_TABLES = ['facilityKeys', 'reportKeys'];

/** Id of the master key that a database in a file is sealed under; null while nothing in it is. */
export function keyIdInSqlite(file: string): string | null {
  if (!existsSync(file)) return null;
  const db = new Libsql(file);
  // A database of an earlier version may not have it yet.
  const has = (table: string): boolean =>
    db.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get([table]) !== undefined;
  try {
    if (has('belongsTo')) {
      const [row] = db.prepare('select masterKey from belongsTo').raw().all() as [string][];
      if (row) return row[0];
    }
    for (const table of SEALED_TABLES) {
      if (!has(table)) continue;
      const [row] = db.prepare(`select sealed from ${table} limit 1`).raw().all() as [ArrayBuffer][];
      if (row) return keyIdOf(new Uint8Array(row[0]));
    }
    return null;
  } finally {
    db.close();
  }
}
