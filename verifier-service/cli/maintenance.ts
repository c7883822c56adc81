import { elsewhereIn } from '../config.js';
import { copyData, restoreData } from '../deployment/backup.js';
import { areOnKubo } from '../deployment/document-store.js';
import { foldersOf } from '../deployment/folders.js';
import { checkData, type Finding } from '../deployment/fsck.js';
import { changeMasterKey } from '../deployment/master-key-change.js';
import { moveDatabase } from '../deployment/move-database.js';
import { tidyData } from '../deployment/tidy.js';
import { forgetOwnReportKeys, rebuildDerived } from '../deployment/maintenance.js';
import type { Terminal } from './context.js';
import { print } from './print.js';

/** Returns the exit code: 0 when everything is sound. */
export async function checkEverything(dataDir: string, { env, stdout }: Terminal): Promise<number> {
  const tell = ({ area, checked, damage, notes }: Finding): void => {
    const name = area.padEnd(10);
    print(stdout, damage === null ? `ok       ${name} ${checked}` : `DAMAGED  ${name} ${damage}`);
    for (const { message } of notes) print(stdout, `note     ${name} ${message}`);
  };
  const sound = await checkData(dataDir, env.SPONDON_MASTER_KEY, tell, elsewhereIn(env));
  print(
    stdout,
    sound ? 'Everything is sound.' : 'There is damage: see docs/operations.md, "When fsck finds damage".',
  );
  return sound ? 0 : 1;
}

export async function reindex(dataDir: string, { env, stdout }: Terminal): Promise<void> {
  const blocks = await rebuildDerived(dataDir, env.SPONDON_MASTER_KEY, elsewhereIn(env));
  print(stdout, `Tiles, lookup index and registry are rebuilt from ${blocks} blocks.`);
}

export async function tidy(dataDir: string, alone: boolean, { env, stdout }: Terminal): Promise<void> {
  const { files, blocks } = await tidyData(dataDir, elsewhereIn(env), alone);
  print(
    stdout,
    `Removed ${files} encrypted files that no document names, and ${blocks} blocks that belong to no file.`,
  );
}

export async function backUp(
  dataDir: string,
  target: string,
  withoutDatabase: boolean,
  { env, stdout }: Terminal,
): Promise<void> {
  await copyData(dataDir, target, { databaseUrl: elsewhereIn(env).databaseUrl, withoutDatabase });
  const isOnKubo = areOnKubo(foldersOf(dataDir));
  const lacking = [
    ...(withoutDatabase ? ['the database'] : []),
    ...(isOnKubo ? ['the documents, which are on Kubo'] : []),
    'the master key',
  ];
  print(stdout, `${target} holds everything but ${inWords(lacking)}.`);
  if (withoutDatabase)
    print(
      stdout,
      'It belongs to a dump or base backup of the database that had ended before this was begun.',
    );
  if (isOnKubo)
    print(stdout, 'Back up the Kubo nodes from now on, so that they have every document it names.');
  print(stdout, 'Keep the key elsewhere: without it no document opens.');
}

function inWords(things: readonly string[]): string {
  return new Intl.ListFormat('en').format(things);
}

export async function restore(backup: string, dataDir: string, { env, stdout }: Terminal): Promise<void> {
  const { isChecked, lacksDatabase } = await restoreData(backup, dataDir, elsewhereIn(env).databaseUrl);
  if (!isChecked)
    print(stdout, `${backup} has no checksums: whether it is as it was written, only fsck can tell.`);
  print(
    stdout,
    `${dataDir} is restored. Put the master key back (${dataDir}/master.key, mode 0600), then run fsck.`,
  );
  if (lacksDatabase)
    print(stdout, 'The database is not part of it: restore the dump or base backup that was made before it.');
  if (areOnKubo(foldersOf(dataDir)))
    print(
      stdout,
      'The documents are on Kubo and not part of it: set SPONDON_KUBO, and see that the nodes have them.',
    );
}

export async function changeKey(dataDir: string, { env, stdout }: Terminal): Promise<void> {
  const { SPONDON_MASTER_KEY: present, SPONDON_NEW_MASTER_KEY: next } = env;
  const keys = { present, next };
  const { from, to, newFile, oldFile } = await changeMasterKey(dataDir, keys, elsewhereIn(env).databaseUrl);
  print(stdout, `Everything in ${dataDir} is sealed under the new master key ${to} now.`);
  print(
    stdout,
    newFile === null
      ? 'Start the service with it as SPONDON_MASTER_KEY.'
      : `It is in ${newFile}: copy it to your key custody.`,
  );
  print(
    stdout,
    `Backups made so far open with the old key ${from} only: keep it as long as them` +
      (oldFile === null ? '.' : ` (${oldFile}), away from here.`),
  );
}

export async function moveToPostgres(dataDir: string, { env, stdout }: Terminal): Promise<void> {
  const copied = await moveDatabase(dataDir, elsewhereIn(env).databaseUrl);
  for (const { table, rows } of copied) print(stdout, `${String(rows).padStart(12)}  ${table}`);
  const { database } = foldersOf(dataDir);
  print(
    stdout,
    'These rows are on PostgreSQL now, and were read back. Start the service with SPONDON_DATABASE_URL.',
  );
  print(
    stdout,
    `${database} is left as it was, and no longer used. Delete it, and what begins with its name, when a first backup was ` +
      'taken; within 35 days at the latest, because of erasures.',
  );
}

export async function renewReportKey(dataDir: string, { env, stdout }: Terminal): Promise<void> {
  await forgetOwnReportKeys(dataDir, elsewhereIn(env).databaseUrl);
  print(
    stdout,
    'The next start makes a new key and certificate for reports: publish its fingerprint, and say since when the old one ' +
      'is not to be believed.',
  );
}
