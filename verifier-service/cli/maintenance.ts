import { copyData, restoreData } from '../deployment/backup.js';
import { checkData } from '../deployment/fsck.js';
import { changeMasterKey } from '../deployment/master-key-change.js';
import { tidyData } from '../deployment/tidy.js';
import { rebuildDerived } from '../deployment/maintenance.js';

const masterKey = (): string | undefined => process.env.SPONDON_MASTER_KEY;

/** Returns the exit code: 0 when everything is sound. */
export async function checkEverything(dataDir: string): Promise<number> {
  const sound = await checkData(dataDir, masterKey(), ({ area, checked, damage, notes }) => {
    const name = area.padEnd(10);
    print(damage === null ? `ok       ${name} ${checked}` : `DAMAGED  ${name} ${damage}`);
    for (const { message } of notes) print(`note     ${name} ${message}`);
  });
  print(
    sound ? 'Everything is sound.' : 'There is damage: see docs/operations.md, "When fsck finds damage".',
  );
  return sound ? 0 : 1;
}

export async function reindex(dataDir: string): Promise<void> {
  print(
    `Tiles, lookup index and registry are rebuilt from ${await rebuildDerived(dataDir, masterKey())} blocks.`,
  );
}

export async function tidy(dataDir: string): Promise<void> {
  const { files, blocks } = await tidyData(dataDir);
  print(
    `Removed ${files} encrypted files that no document names, and ${blocks} blocks that belong to no file.`,
  );
}

export async function backUp(dataDir: string, target: string): Promise<void> {
  await copyData(dataDir, target);
  print(`${target} holds everything but the master key: keep that elsewhere, without it no document opens.`);
}

export async function restore(backup: string, dataDir: string): Promise<void> {
  const { isChecked } = await restoreData(backup, dataDir);
  if (!isChecked) print(`${backup} has no checksums: whether it is as it was written, only fsck can tell.`);
  print(`${dataDir} is restored. Put the master key back (${dataDir}/master.key, mode 0600), then run fsck.`);
}

export async function changeKey(dataDir: string): Promise<void> {
  const next = process.env.SPONDON_NEW_MASTER_KEY;
  const { from, to, newFile, oldFile } = await changeMasterKey(dataDir, { present: masterKey(), next });
  print(`Everything in ${dataDir} is sealed under the new master key ${to} now.`);
  print(
    newFile === null
      ? 'Start the service with it as SPONDON_MASTER_KEY.'
      : `It is in ${newFile}: copy it to your key custody.`,
  );
  print(
    `Backups made so far open with the old key ${from} only: keep it as long as them` +
      (oldFile === null ? '.' : ` (${oldFile}), away from here.`),
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
