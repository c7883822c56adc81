import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OWNER_ONLY_FILE, unlessMissing, syncFolder, writeFileDurably } from '../durable-file.js';
import { IDENTITY_FILE, type Keeper, parseIdentity, SEALED_MEMBERS } from './identity.js';

/** The identity under a new keeper, written and not in force yet. */
const NEXT = 'identity.json.next';

/**
 * Seals the ledger's private keys once more, for another keeper, beside the file that is in force. Durable when it
 * resolves; nothing has changed until {@link adoptResealed}.
 *
 * @throws LedgerError `DAMAGED`; what `from` throws when a key does not open
 */
export async function prepareResealed(folder: string, from: Keeper, to: Keeper): Promise<void> {
  const stored = parseIdentity(await readFile(join(folder, IDENTITY_FILE), 'utf8'));
  const resealed: Record<string, string> = { ...stored };
  for (const member of SEALED_MEMBERS) {
    const key = await from.open(Buffer.from(stored[member], 'base64url'));
    resealed[member] = Buffer.from(await to.seal(key)).toString('base64url');
    key.fill(0);
  }
  await writeFileDurably(join(folder, NEXT), `${JSON.stringify(resealed, null, 2)}\n`, OWNER_ONLY_FILE);
}

/** Puts the prepared file in force, in one step. */
export async function adoptResealed(folder: string): Promise<void> {
  await rename(join(folder, NEXT), join(folder, IDENTITY_FILE));
  await syncFolder(folder);
}

/** Takes the prepared file away, where there is one. */
export async function dropResealed(folder: string): Promise<void> {
  await rm(join(folder, NEXT), { force: true });
  await syncFolder(folder);
}

/** One of the sealed keys of the file in force, or of the prepared one; null when there is no such file. */
export async function sealedKeyIn(folder: string, which: 'present' | 'prepared'): Promise<Uint8Array | null> {
  const path = join(folder, which === 'present' ? IDENTITY_FILE : NEXT);
  const text = await unlessMissing(readFile(path, 'utf8'));
  return text === undefined ? null : Buffer.from(parseIdentity(text).rootKey, 'base64url');
}
