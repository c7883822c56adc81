import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderDurably } from '@spondon/ledger/durable-file';
import { sealedKeyIn } from '@spondon/ledger/embedded/reseal';
import { ServiceError } from '../error.js';
import { loadMasterKey } from '../vault/master-key.js';
import { createVault, keyIdOf, type Vault } from '../vault/seal.js';
import { settleMasterKeyChange } from './master-key-recovery.js';

const OWNER_ONLY = 0o700;
/** The ledger's own file, without which there is none. */
const BLOCKS = 'blocks';

/** Where everything lies in the data folder. */
export function foldersOf(dataDir: string) {
  return {
    data: dataDir,
    ledger: join(dataDir, 'ledger'),
    log: join(dataDir, 'log'),
    ipfs: join(dataDir, 'ipfs'),
    database: join(dataDir, 'service.db'),
    masterKey: join(dataDir, 'master.key'),
    credentials: join(dataDir, 'credentials'),
    knownSignatures: join(dataDir, 'known-signatures'),
  };
}

export type Folders = ReturnType<typeof foldersOf>;

/** Makes what is missing, for its owner alone. */
export async function makeFolders({ data, ledger, credentials }: Folders): Promise<void> {
  for (const folder of [data, ledger, credentials]) {
    await makeFolderDurably(folder);
    await chmod(folder, OWNER_ONLY);
  }
}

/**
 * A ledger without the database beside it is no first start: documents' keys and rows are gone, and starting anew would
 * hide that. Throws `DATA_DAMAGED`.
 */
export function refuseHalfAFolder({ data, ledger, database }: Folders): void {
  if (existsSync(database) || !existsSync(join(ledger, BLOCKS))) return;
  const message = `${data} holds a ledger and no service.db: restore service.db from a backup`;
  throw new ServiceError('DATA_DAMAGED', message);
}

/**
 * Opens the vault; its key is made at a first start, and only then. Finishes a change of the master key that was cut
 * short. Throws what `loadMasterKey` throws, and `MASTER_KEY_WRONG` when the data was sealed under another one.
 */
export async function openVault(folders: Folders, text: string | undefined): Promise<Vault> {
  await settleMasterKeyChange(folders);
  const { database, masterKey: file } = folders;
  const random = (length: number): Uint8Array => randomBytes(length);
  const key = await loadMasterKey({ text, file, mayCreate: !existsSync(database), random });
  const vault = createVault(key, random);
  await assertRightKey(folders, vault, text === undefined ? `in ${file}` : 'in SPONDON_MASTER_KEY');
  return vault;
}

/** Before anything is opened with it, so that a wrong key is not taken for damage. */
async function assertRightKey({ data, ledger }: Folders, { keyId }: Vault, where: string): Promise<void> {
  const sealed = await sealedKeyIn(ledger, 'present');
  const wanted = sealed && keyIdOf(sealed);
  if (wanted === null || wanted === keyId) return;
  throw new ServiceError(
    'MASTER_KEY_WRONG',
    `The master key ${where} is the wrong one: ${data} was sealed under another master key (id ${wanted}, this one ` +
      `has the id ${keyId}). Nothing was changed. Put the right key back from your key custody and start again.`,
  );
}
