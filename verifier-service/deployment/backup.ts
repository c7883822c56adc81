import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import Libsql from 'libsql';
import { OWNER_ONLY_FILE, OWNER_ONLY_FOLDER, UNFINISHED, unlessMissing } from '@spondon/ledger/durable-file';
import { openForFilling, schemaOf } from '../database/postgres.js';
import { assertProgram, dumpDatabase, restoreDump } from '../database/postgres-programs.js';
import { ServiceError } from '../error.js';
import { assertRemembered } from './belonging.js';
import { CHECKSUMS, type ChecksumWriter, readChecksums, writeChecksums } from './checksums.js';
import {
  DUMP,
  type Folders,
  foldersOf,
  isOnPostgres,
  refuseHalfAFolder,
  refuseHalfCopied,
  refuseWithoutData,
} from './folders.js';
import { isSealedUnderOneKey } from './master-key-recovery.js';
import { withServerBeside } from './open-database.js';
import { copyFile, filesBelow, sha256Of } from './pieces.js';
import { fillFolder } from './whole-copy.js';

const DATABASE = 'service.db';
const ON_POSTGRES = 'on-postgres';
/**
 * What is copied, beside the database; the master key is kept elsewhere. The ledger comes last: every statement that
 * has left the copied queue is then in the copied blocks.
 */
const COPIED = ['credentials', 'ipfs', 'ledger'];
/** Made again from the blocks when it is missing. */
const LEDGER_STATE = 'state.db';
/** Of the document store: what is being written, and is renamed or gone the next moment. */
const BEING_WRITTEN = 'temp';

export interface BackupOptions {
  readonly databaseUrl: string | null;
  /** A database on PostgreSQL is backed up by other means, and that has ended. */
  readonly withoutDatabase: boolean;
}

/**
 * Copies everything that cannot be made again, but for the master key, while the service may go on. The order makes
 * the copy whole: the database comes first, a document's row is written after its file, and a queued statement that was
 * anchored meanwhile is found on the ledger when the copy is started. Durable when it resolves; leaves nothing behind
 * when it rejects.
 */
export async function copyData(
  dataDir: string,
  target: string,
  { databaseUrl = null, withoutDatabase = false }: Partial<BackupOptions> = {},
): Promise<void> {
  const folders = foldersOf(dataDir);
  refuseHalfAFolder(folders);
  refuseWithoutData(folders);
  for (const name of COPIED) refuseToCopyInto(target, join(dataDir, name));
  if (isOnPostgres(folders)) return copyBesideServer(folders, target, { databaseUrl, withoutDatabase });
  if (withoutDatabase)
    throw new ServiceError(
      'CONFIG_INVALID',
      `The database of ${dataDir} is in it: leave --without-database out`,
    );
  await fillFolder(target, async () => {
    const copied = join(target, DATABASE);
    copyDatabase(folders.database, copied);
    await chmod(copied, OWNER_ONLY_FILE);
    await copyFiles(folders, target, async (sums) => {
      if (!(await isSealedUnderOneKey(foldersOf(target))))
        throw new ServiceError('DATA_DAMAGED', 'The master key was changed meanwhile: take the backup again');
      await sums.add({ sha256: await sha256Of(copied), path: DATABASE });
    });
  });
}

const WITHOUT_PG_DUMP =
  'run pg_dump --format=custom --file=spondon.dump "$SPONDON_DATABASE_URL" where it is, and when it has ended this again, ' +
  'with --without-database';
const WITHOUT_PG_RESTORE =
  `run pg_restore --single-transaction --no-owner --no-privileges --schema=public --dbname="$SPONDON_DATABASE_URL" ${DUMP} ` +
  `where it is, and then this again, without ${DUMP} and SHA256SUMS in the backup`;

/** No command can change the master key meanwhile, nor remove files. */
async function copyBesideServer(
  folders: Folders,
  target: string,
  { databaseUrl, withoutDatabase }: BackupOptions,
): Promise<void> {
  if (!withoutDatabase) await assertProgram('pg_dump', WITHOUT_PG_DUMP);
  await withServerBeside(folders, databaseUrl, (url) =>
    fillFolder(target, async () => {
      const dump = join(target, DUMP);
      if (!withoutDatabase) {
        await dumpDatabase(url, dump);
        await chmod(dump, OWNER_ONLY_FILE);
      }
      await copyFiles(folders, target, async (sums) => {
        if (!withoutDatabase) await sums.add({ sha256: await sha256Of(dump), path: DUMP });
        const sha256 = await place(folders.data, target, ON_POSTGRES);
        await sums.add({ sha256: sha256 ?? '', path: ON_POSTGRES });
      });
    }),
  );
}

/** What is copied beside the database, with a list of checksums that `finish` brings to its end. */
async function copyFiles(
  { data }: Folders,
  target: string,
  finish: (sums: ChecksumWriter) => Promise<void>,
): Promise<void> {
  const sums = await writeChecksums(target);
  try {
    for await (const path of filesToCopy(data)) {
      const sha256 = await place(data, target, path);
      // Replaced or erased since it was listed.
      if (sha256 !== null) await sums.add({ sha256, path });
    }
    await finish(sums);
  } finally {
    await sums.close();
  }
}

export interface Restored {
  /** Whether each file was compared with the checksum that was taken when the backup was made. */
  readonly isChecked: boolean;
  /** Whether the database has to be restored by other means. */
  readonly lacksDatabase: boolean;
}

/**
 * Puts a copy in the place of a data folder that is missing or empty; the master key must be put beside it by hand. A
 * database on PostgreSQL is restored into the empty one of `databaseUrl`, last. A backup that is damaged or was not
 * finished is refused, and nothing of it is left. Durable when it resolves.
 */
export async function restoreData(
  backup: string,
  dataDir: string,
  databaseUrl: string | null = null,
): Promise<Restored> {
  refuseHalfCopied(backup);
  const folders = foldersOf(backup);
  if (!existsSync(folders.database) && !isOnPostgres(folders))
    throw new ServiceError('DATA_DAMAGED', `There is no backup in ${backup}`);
  const isChecked = existsSync(join(backup, CHECKSUMS));
  const fill = () => (isChecked ? placeChecked(backup, dataDir) : placeAll(backup, dataDir));
  const hasDump = isOnPostgres(folders) && existsSync(join(backup, DUMP));
  if (hasDump) await restoreWithDump({ backup, dataDir, databaseUrl, fill });
  else await fillFolder(dataDir, fill);
  return { isChecked, lacksDatabase: isOnPostgres(folders) && !hasDump };
}

async function restoreWithDump({
  backup,
  dataDir,
  databaseUrl,
  fill,
}: {
  readonly backup: string;
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  readonly fill: () => Promise<void>;
}): Promise<void> {
  if (databaseUrl === null) {
    const message = `The database of ${backup} was on PostgreSQL: name an empty one in SPONDON_DATABASE_URL`;
    throw new ServiceError('CONFIG_INVALID', message);
  }
  await assertProgram('pg_restore', WITHOUT_PG_RESTORE);
  const db = await openForFilling(databaseUrl);
  try {
    await fillFolder(dataDir, async () => {
      await fill();
      await restoreDump(databaseUrl, join(backup, DUMP), await schemaOf(db));
      await assertRemembered(foldersOf(dataDir), db);
    });
  } finally {
    await db.destroy();
  }
}

async function placeChecked(backup: string, dataDir: string): Promise<void> {
  const last = existsSync(join(backup, ON_POSTGRES)) ? ON_POSTGRES : DATABASE;
  const files = last === ON_POSTGRES ? [DUMP] : [];
  for await (const { sha256, path } of readChecksums(backup, { folders: COPIED, files, last })) {
    // Into a database, and not into the folder.
    const found =
      path === DUMP ? await unlessMissing(sha256Of(join(backup, path))) : await place(backup, dataDir, path);
    if (found === sha256) continue;
    const what = typeof found === 'string' ? 'is not what was copied then' : 'is missing';
    throw new ServiceError('DATA_DAMAGED', `The backup ${backup} is damaged: ${path} ${what}`);
  }
}

/** A backup from before there were checksums, or one that a service has worked on since. */
async function placeAll(backup: string, dataDir: string): Promise<void> {
  for await (const path of filesToCopy(backup)) await place(backup, dataDir, path);
  for (const name of [`${DATABASE}-wal`, DATABASE, ON_POSTGRES]) await place(backup, dataDir, name);
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
