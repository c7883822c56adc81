import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import Libsql from 'libsql';
import { OWNER_ONLY_FILE, OWNER_ONLY_FOLDER, UNFINISHED } from '@spondon/ledger/durable-file';
import { ServiceError } from '../error.js';
import { CHECKSUMS, readChecksums, writeChecksums } from './checksums.js';
import { foldersOf, refuseDatabaseElsewhere, refuseHalfAFolder } from './folders.js';
import { isSealedUnderOneKey } from './master-key-recovery.js';
import { copyFile, filesBelow, sha256Of } from './pieces.js';
import { fillFolder } from './whole-copy.js';

const DATABASE = 'service.db';
/**
 * What is copied, beside the database; the master key is kept elsewhere. The ledger comes last: every statement that
 * has left the copied queue is then in the copied blocks.
 */
const COPIED = ['credentials', 'ipfs', 'ledger'];
/** Made again from the blocks when it is missing. */
const LEDGER_STATE = 'state.db';
/** Of the document store: what is being written, and is renamed or gone the next moment. */
const BEING_WRITTEN = 'temp';

/**
 * Copies everything that cannot be made again, but for the master key, while the service may go on. The order makes
 * the copy whole: a document's row is written after its file, and a queued statement that was anchored meanwhile is
 * found on the ledger when the copy is started. Durable when it resolves; leaves nothing behind when it rejects.
 */
export async function copyData(dataDir: string, target: string): Promise<void> {
  const folders = foldersOf(dataDir);
  refuseDatabaseElsewhere(folders);
  const { database } = folders;
  if (!existsSync(database))
    throw new ServiceError('DATA_DAMAGED', `There is no service's data in ${dataDir}`);
  for (const name of COPIED) refuseToCopyInto(target, join(dataDir, name));
  await fillFolder(target, async () => {
    const copied = join(target, DATABASE);
    copyDatabase(database, copied);
    await chmod(copied, OWNER_ONLY_FILE);
    const sums = await writeChecksums(target);
    try {
      for await (const path of filesToCopy(dataDir)) {
        const sha256 = await place(dataDir, target, path);
        // Replaced or erased since it was listed.
        if (sha256 !== null) await sums.add({ sha256, path });
      }
      if (!(await isSealedUnderOneKey(foldersOf(target))))
        throw new ServiceError('DATA_DAMAGED', 'The master key was changed meanwhile: take the backup again');
      await sums.add({ sha256: await sha256Of(copied), path: DATABASE });
    } finally {
      await sums.close();
    }
  });
}

export interface Restored {
  /** Whether each file was compared with the checksum that was taken when the backup was made. */
  readonly isChecked: boolean;
}

/**
 * Puts a copy in the place of a data folder that is missing or empty; the master key must be put beside it by hand. A
 * backup that is damaged or was not finished is refused, and nothing of it is left. Durable when it resolves.
 */
export async function restoreData(backup: string, dataDir: string): Promise<Restored> {
  const folders = foldersOf(backup);
  refuseHalfAFolder(folders);
  if (!existsSync(folders.database))
    throw new ServiceError('DATA_DAMAGED', `There is no backup in ${backup}`);
  const isChecked = existsSync(join(backup, CHECKSUMS));
  await fillFolder(dataDir, () => (isChecked ? placeChecked(backup, dataDir) : placeAll(backup, dataDir)));
  return { isChecked };
}

async function placeChecked(backup: string, dataDir: string): Promise<void> {
  for await (const { sha256, path } of readChecksums(backup, COPIED, DATABASE)) {
    const placed = await place(backup, dataDir, path);
    if (placed === sha256) continue;
    const what = placed === null ? 'is missing' : 'is not what was copied then';
    throw new ServiceError('DATA_DAMAGED', `The backup ${backup} is damaged: ${path} ${what}`);
  }
}

/** A backup from before there were checksums, or one that a service has worked on since. */
async function placeAll(backup: string, dataDir: string): Promise<void> {
  for await (const path of filesToCopy(backup)) await place(backup, dataDir, path);
  for (const name of [`${DATABASE}-wal`, DATABASE]) await place(backup, dataDir, name);
}

async function* filesToCopy(dataDir: string): AsyncGenerator<string> {
  for (const folder of COPIED) {
    for await (const path of filesBelow(join(dataDir, folder))) {
      const parts = path.split('/');
      const name = basename(path);
      if (!name.endsWith(UNFINISHED) && !name.startsWith(LEDGER_STATE) && !parts.includes(BEING_WRITTEN))
        yield join(folder, path);
    }
  }
}

/** Returns the checksum of what was copied; null when there is no such file. */
async function place(from: string, to: string, path: string): Promise<string | null> {
  const target = join(to, path);
  await mkdir(dirname(target), { recursive: true, mode: OWNER_ONLY_FOLDER });
  return copyFile(join(from, path), target);
}

function copyDatabase(from: string, to: string): void {
  const db = new Libsql(from);
  try {
    db.exec(`VACUUM INTO '${to.replaceAll("'", "''")}'`);
  } finally {
    db.close();
  }
}

/** It would be copied into itself without end. */
function refuseToCopyInto(target: string, folder: string): void {
  if (!relative(resolve(folder), resolve(target)).startsWith('..'))
    throw new ServiceError(
      'CONFIG_INVALID',
      `${target} lies in ${folder}, which is copied: name a folder elsewhere`,
    );
}
