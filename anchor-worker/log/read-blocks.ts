import type { Block, Ledger } from '@spondon/ledger/port';
import { WorkerError } from '../error.js';

/** A log store. */
export interface BlockReader {
  readonly nextBlock: number;
  apply(block: Block): void;
  settle(): Promise<void>;
}

/** Reads the ledger's blocks into a store up to, and not including, `end`. */
export async function readBlocks(
  ledger: Pick<Ledger, 'blocks'>,
  store: BlockReader,
  end: number,
  signal: AbortSignal,
): Promise<void> {
  if (store.nextBlock >= end) return;
  for await (const block of ledger.blocks(store.nextBlock, signal)) {
    store.apply(block);
    await store.settle();
    if (store.nextBlock === end) return;
  }
  throw new WorkerError('STOPPED', `The ledger gave no more blocks at ${store.nextBlock}`);
}
