import type { Ledger } from '@spondon/ledger/port';
import type { Hash } from '@spondon/protocol/crypto';
import { LogStore } from './store.js';

/** Builds the derived files in a folder, or goes on with them, from the ledger's blocks up to, and not including, `end`. */
export async function rebuildLog(ledger: Ledger, folder: string, hash: Hash, end: number): Promise<void> {
  const store = await LogStore.open(folder, hash);
  const stop = new AbortController();
  try {
    if (store.nextBlock >= end) return;
    for await (const block of ledger.blocks(store.nextBlock, stop.signal)) {
      store.apply(block);
      await store.settle();
      if (store.nextBlock === end) stop.abort();
    }
  } finally {
    await store.close();
  }
}
