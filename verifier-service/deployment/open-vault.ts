import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Database } from '../database/schema.js';
import { ServiceError } from '../error.js';
import { loadMasterKey } from '../vault/master-key.js';
import { createVault, type Vault } from '../vault/seal.js';
import { ownerOf } from './belonging.js';
import type { Folders } from './folders.js';
import {
  type AskDatabase,
  keyIdInForce,
  keyIdInSqlite,
  settleMasterKeyChange,
} from './master-key-recovery.js';

/**
 * Opens the vault; its key is made at a first start, and only then. Finishes a change of the master key that was cut
 * short. `onServer`: the database, where it is not in the folder. Throws what `loadMasterKey` throws, and
 * `MASTER_KEY_WRONG` when the data was sealed under another one.
 */
export async function openVault(
  folders: Folders,
  text: string | undefined,
  onServer?: Database,
): Promise<Vault> {
  const { masterKey: file, database } = folders;
  // Asked where nothing else tells: a damaged database is not to hide which key the ledger wants.
  const inDatabase: AskDatabase = async () =>
    onServer ? ((await ownerOf(onServer))?.masterKey ?? null) : keyIdInSqlite(database);
  await settleMasterKeyChange(folders, inDatabase);
  const mayCreate = onServer ? (await inDatabase()) === null : !existsSync(database);
  const random = (length: number): Uint8Array => randomBytes(length);
  const key = await loadMasterKey({ text, file, mayCreate, random });
  const vault = createVault(key, random);
  const where = text === undefined ? `in ${file}` : 'in SPONDON_MASTER_KEY';
  const wanted = await keyIdInForce(folders, inDatabase);
  if (wanted === null || wanted === vault.keyId) return vault;
  // Before anything is opened with it, so that a wrong key is not taken for damage.
  throw new ServiceError(
    'MASTER_KEY_WRONG',
    `The master key ${where} is the wrong one: ${folders.data} was sealed under another master key (id ${wanted}, this ` +
      `one has the id ${vault.keyId}). Nothing was changed. Put the right key back from your key custody and start again.`,
  );
}
