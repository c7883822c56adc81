import type { Ledger } from '@spondon/ledger/port';
import type { Hash } from '@spondon/protocol/crypto';
import { readBlocks } from './read-blocks.js';
import { LogStore } from './store.js';

/** Builds the derived files in a folder, or goes on with them, from the ledger's blocks up to, and not including, `end`. */
export async function rebuildLog(ledger: Ledger, folder: string, hash: Hash, end: number): Promise<void> {
  const store = await LogStore.open(folder, hash);
  try {
    await readBlocks(ledger, store, end, new AbortController().signal);
  } finally {
    await store.close();
  }
}
