import type { Ledger } from '@spondon/ledger/port';
import type { Hash } from '@spondon/protocol/crypto';
import { LogStore } from './store.js';

/** Builds the derived files in an empty folder from the ledger's blocks up to, and not including, number `end`. */
export async function rebuildLog(ledger: Ledger, folder: string, hash: Hash, end: number): Promise<void> {
  const store = await LogStore.open(folder, hash);
  const stop = new AbortController();
  try {
    for await (const block of ledger.blocks(store.nextBlock, end > 0 ? stop.signal : AbortSignal.abort())) {
      store.apply(block);
      await store.settle();
      if (store.nextBlock === end) stop.abort();
    }
  } finally {
    await store.close();
  }
}
