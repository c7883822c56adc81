import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { sealedKeyIn } from '@spondon/ledger/embedded/reseal';
import { ServiceError } from '../error.js';
import { loadMasterKey } from '../vault/master-key.js';
import { createVault, keyIdOf, type Vault } from '../vault/seal.js';
import type { Folders } from './folders.js';
import { settleMasterKeyChange } from './master-key-recovery.js';

/**
 * Opens the vault; its key is made at a first start, and only then. Finishes a change of the master key that was cut
 * short. Throws what `loadMasterKey` throws, and `MASTER_KEY_WRONG` when the data was sealed under another one.
 */
export async function openVault(
  folders: Folders,
  text: string | undefined,
  mayCreate = !existsSync(folders.database),
): Promise<Vault> {
  await settleMasterKeyChange(folders);
  const { masterKey: file } = folders;
  const random = (length: number): Uint8Array => randomBytes(length);
  const key = await loadMasterKey({ text, file, mayCreate, random });
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
