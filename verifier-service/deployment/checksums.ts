import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { OWNER_ONLY_FILE } from '@spondon/ledger/durable-file';
import { ServiceError } from '../error.js';

/**
 * The list of a backup's files with their SHA-256, as `sha256sum` writes and checks it. Its last line is the database, or
 * what says that this is elsewhere: a list without it was cut short. They are against accidents, not against somebody who can write the backup.
 */
export const CHECKSUMS = 'SHA256SUMS';

export interface Summed {
  /** Hex. */
  readonly sha256: string;
  /** Relative to the backup. */
  readonly path: string;
}

/** What there may be in a backup. */
export interface BackupFiles {
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly last: string;
}

export interface ChecksumWriter {
  add(summed: Summed): Promise<void>;
  /** The list is durable, its name only once the folder is synced. */
  close(): Promise<void>;
}

export async function writeChecksums(folder: string): Promise<ChecksumWriter> {
  const file = await open(join(folder, CHECKSUMS), 'wx', OWNER_ONLY_FILE);
  return {
    async add({ sha256, path }) {
      await file.writeFile(`${sha256}  ${path}\n`);
    },
    async close() {
      await file.datasync();
      await file.close();
    },
  };
}

/**
 * The lines in their order. The paths are as hostile as the backup's disk: each leads to `last`, to one of `files` or
 * below one of `folders`.
 *
 * Throws `DATA_DAMAGED` for a line that is none, and when the last one is not `last`.
 */
export async function* readChecksums(
  folder: string,
  { folders, files, last }: BackupFiles,
): AsyncGenerator<Summed> {
  const damaged = (): ServiceError =>
    new ServiceError('DATA_DAMAGED', `${join(folder, CHECKSUMS)} is damaged, or was not written to its end`);
  let path = '';
  for await (const line of createInterface({ input: createReadStream(join(folder, CHECKSUMS)) })) {
    const [, sha256] = /^([0-9a-f]{64}) {2}./.exec(line) ?? [];
    if (sha256 === undefined || path === last) throw damaged();
    path = line.slice(66);
    const [first = '', ...rest] = path.split('/');
    const isBelow =
      folders.includes(first) && rest.length > 0 && !rest.some((part) => /^\.{0,2}$/.test(part));
    if (!isBelow && !files.includes(path) && path !== last) throw damaged();
    yield { sha256, path };
  }
  if (path !== last) throw damaged();
}
