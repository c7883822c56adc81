import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import { ServiceError } from '../error.js';
import { OWNER_ONLY_FILE, syncFolder, unlessMissing } from '@spondon/ledger/durable-file';

export interface MasterKeySource {
  /** From the environment: 32 bytes as base64url. Comes before the file. */
  readonly text: string | undefined;
  /** Made, for its owner alone, when it does not exist. */
  readonly file: string;
  /** False where sealed data exists already, which a new key would not open: then a missing file is an error. */
  readonly mayCreate: boolean;
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * The deployment's master key, 32 bytes; a new one is durable before it is returned. Throws `CONFIG_INVALID` for a
 * bad value in the environment, a missing file that may not be made, or a file that others may read; `KEY_DAMAGED`
 * for a file that holds no key. No error has any part of the key.
 */
export async function loadMasterKey(source: MasterKeySource): Promise<Uint8Array> {
  if (source.text !== undefined) return masterKeyIn(source.text, 'SPONDON_MASTER_KEY');
  const stored = await readKeyFile(source.file);
  if (stored) return stored;
  if (!source.mayCreate)
    throw new ServiceError(
      'CONFIG_INVALID',
      `The master key ${source.file} is missing: put it back from your key custody, or set SPONDON_MASTER_KEY.`,
    );
  await createKeyFile(source);
  // Another process may have been first: the file decides.
  const created = await readKeyFile(source.file);
  if (!created) throw new ServiceError('CONFIG_INVALID', `The master key ${source.file} was taken away.`);
  return created;
}

/** Throws `CONFIG_INVALID`, naming the variable. */
export function masterKeyIn(text: string, variable: string): Uint8Array {
  const key = parseKey(text);
  if (!key)
    throw new ServiceError('CONFIG_INVALID', `${variable} should be 32 bytes as base64url (43 characters).`);
  return key;
}

/** The key in a file; undefined when there is no such file. Throws as {@link loadMasterKey} does. */
export async function readKeyFile(file: string): Promise<Uint8Array | undefined> {
  const found = await unlessMissing(stat(file));
  if (!found) return undefined;
  if ((found.mode & 0o077) !== 0)
    throw new ServiceError('CONFIG_INVALID', `Others may read the master key: run chmod 600 ${file}`);
  const key = parseKey((await readFile(file, 'latin1')).trimEnd());
  if (!key)
    throw new ServiceError('KEY_DAMAGED', `${file} does not hold a master key: put it back from a backup.`);
  return key;
}

/** Writes a new key, for its owner alone; durable when it resolves. A file that is there already stays as it is. */
export async function createKeyFile({
  file,
  random,
}: Pick<MasterKeySource, 'file' | 'random'>): Promise<void> {
  const temporary = `${file}.${Buffer.from(random(8)).toString('hex')}`;
  try {
    await writeFile(temporary, `${encodeBase64url(random(32))}\n`, {
      flag: 'wx',
      mode: OWNER_ONLY_FILE,
      flush: true,
    });
    // Unlike a rename, a link never replaces a key that is there already.
    await link(temporary, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(file));
}

function parseKey(text: string): Uint8Array | undefined {
  if (!/^[\w-]{43}$/.test(text)) return undefined;
  try {
    return decodeBase64url(text);
  } catch {
    return undefined;
  }
}
