import { randomBytes } from 'node:crypto';
import { adoptResealed, prepareResealed } from '@spondon/ledger/embedded/reseal';
import { withCheck } from '../database/row-check.js';
import type { Database } from '../database/schema.js';
import type { OwnDatabase } from '../database/service-database.js';
import { ServiceError } from '../error.js';
import { reportKeyContext } from '../report/keys.js';
import { holderOf, wrappingKeyContext } from '../vault/document-wrap.js';
import { createKeyFile, masterKeyIn, readKeyFile } from '../vault/master-key.js';
import { createVault, type Vault } from '../vault/seal.js';
import { signingKeyContext } from '../vault/signing-key.js';
import { assertMayOpen } from './belonging.js';
import { type Folders, hasBlocks, isOnPostgres } from './folders.js';
import { openVault } from './open-vault.js';
import { LEDGER_IDENTITY } from './ledger.js';
import { withData } from './maintenance.js';
import { nextKeyFile, oldKeyFile, setAsideKeyFile, settleKeyFile } from './master-key-recovery.js';

/** What was changed, for the operator: ids, and where the keys are. */
export interface MasterKeyChange {
  readonly from: string;
  readonly to: string;
  /** The file with the new key; null when it comes from the environment. */
  readonly newFile: string | null;
  /** The file with the old key; null when it came from the environment. */
  readonly oldFile: string | null;
}

export interface MasterKeys {
  /** `SPONDON_MASTER_KEY` */
  readonly present: string | undefined;
  /** `SPONDON_NEW_MASTER_KEY`; without it a new key is made in the place of the key file. */
  readonly next: string | undefined;
}

/** Seals everything that is sealed under the master key under a new one. The service must be stopped, in all its copies. */
export function changeMasterKey(
  dataDir: string,
  keys: MasterKeys,
  databaseUrl: string | null = null,
): Promise<MasterKeyChange> {
  return withData(dataDir, databaseUrl, async (folders, database) => {
    const steps = masterKeyChange(folders, database, keys);
    for (;;) {
      const { done, value } = await steps.next();
      if (done) return value;
    }
  });
}

/**
 * The change, step by step: it yields at each point where a crash may fall, and `settleMasterKeyChange` makes a whole
 * folder of what is there at any of them. Until the database is sealed anew, everything opens with the old key; from
 * then on with the new one. A key made here is on the disk before anything is sealed under it, and the old one is kept.
 */
export async function* masterKeyChange(
  folders: Folders,
  database: OwnDatabase,
  { present, next }: MasterKeys,
): AsyncGenerator<string, MasterKeyChange> {
  if (present !== undefined && next === undefined) {
    const message =
      'The master key comes from SPONDON_MASTER_KEY: give the new one in SPONDON_NEW_MASTER_KEY (32 bytes as base64url)';
    throw new ServiceError('CONFIG_INVALID', message);
  }
  const { db, overwriteDeleted } = database;
  const from = await openVault(folders, present, isOnPostgres(folders) ? db : undefined);
  await assertMayOpen(db, from.keyId, true);
  const to = await vaultOf(folders, next);
  if (from.keyId === to.keyId) {
    throw new ServiceError('CONFIG_INVALID', 'The new master key is the one that is in force already');
  }
  yield 'the new key is kept';
  // On a network, the ledger has nothing that is sealed under our key.
  const hasLedger = hasBlocks(folders);
  if (hasLedger) await prepareResealed(folders.ledger, keeperOf(from), keeperOf(to));
  yield "the ledger's identity is prepared";
  await db.transaction().execute((trx) => resealRows(trx, from, to));
  // What was sealed under the old key is not left in the database's files.
  await overwriteDeleted();
  yield 'the database is sealed anew';
  if (hasLedger) await adoptResealed(folders.ledger);
  yield "the ledger's identity is sealed anew";
  if (next === undefined) await settleKeyFile(folders, () => Promise.resolve(to.keyId));
  else if (present === undefined) await setAsideKeyFile(folders);
  return {
    from: from.keyId,
    to: to.keyId,
    newFile: next === undefined ? folders.masterKey : null,
    oldFile: present === undefined ? oldKeyFile(folders, from.keyId) : null,
  };
}

const random = (length: number): Uint8Array => randomBytes(length);

async function vaultOf(folders: Folders, text: string | undefined): Promise<Vault> {
  if (text !== undefined) return createVault(masterKeyIn(text, 'SPONDON_NEW_MASTER_KEY'), random);
  const file = nextKeyFile(folders);
  await createKeyFile({ file, random });
  const key = await readKeyFile(file);
  if (!key) throw new ServiceError('CONFIG_INVALID', `The new master key ${file} was taken away`);
  return createVault(key, random);
}

function keeperOf(vault: Vault) {
  return {
    seal: (plaintext: Uint8Array) => vault.seal(plaintext, LEDGER_IDENTITY),
    open: (sealed: Uint8Array) => vault.open(sealed, LEDGER_IDENTITY),
  };
}

async function resealRows(db: Database, from: Vault, to: Vault): Promise<void> {
  for (const row of await db.selectFrom('belongsTo').selectAll().execute())
    await db
      .updateTable('belongsTo')
      .set(withCheck({ ...row, masterKey: to.keyId }))
      .execute();
  const reseal = (sealed: Uint8Array, context: string): Uint8Array =>
    to.seal(from.open(sealed, context), context);
  for (const row of await db.selectFrom('issuerKeys').selectAll().execute()) {
    const { iss, kid, sealed } = row;
    await db
      .updateTable('issuerKeys')
      .set(withCheck({ ...row, sealed: reseal(sealed, signingKeyContext(iss)) }))
      .where('iss', '=', iss)
      .where('kid', '=', kid)
      .execute();
  }
  for (const row of await db.selectFrom('facilityKeys').selectAll().execute()) {
    const sealed = reseal(row.sealed, wrappingKeyContext(holderOf(row.iss)));
    await db
      .updateTable('facilityKeys')
      .set(withCheck({ ...row, sealed }))
      .where('iss', '=', row.iss)
      .execute();
  }
  for (const row of await db.selectFrom('reportKeys').selectAll().execute()) {
    const sealed = reseal(row.sealed, reportKeyContext(row.host));
    await db
      .updateTable('reportKeys')
      .set(withCheck({ ...row, sealed }))
      .where('host', '=', row.host)
      .where('createdAt', '=', row.createdAt)
      .execute();
  }
}
