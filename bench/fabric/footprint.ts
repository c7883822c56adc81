import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ledger } from '@spondon/ledger/port';

/** Bytes of the block files that a peer keeps of a channel. */
export async function bytesOfBlocks(peerFolder: string, channel: string): Promise<number> {
  const folder = join(peerFolder, 'ledgersData', 'chains', 'chains', channel);
  let sum = 0;
  for (const name of await readdir(folder)) sum += (await stat(join(folder, name))).size;
  return sum;
}

/** Keys of the present world state, and the bytes of keys and values: what all blocks so far have left behind. */
export async function worldState(ledger: Ledger): Promise<{ keys: number; bytes: number }> {
  const state = new Map<string, number>();
  const height = await ledger.height();
  for await (const { number, transactions } of ledger.blocks(0, new AbortController().signal)) {
    for (const { valid, writes } of transactions) {
      if (!valid) continue;
      for (const { key, value } of writes) {
        if (value === null) state.delete(key);
        else state.set(key, Buffer.byteLength(key) + value.length);
      }
    }
    if (number === height - 1) break;
  }
  return { keys: state.size, bytes: [...state.values()].reduce((sum, bytes) => sum + bytes, 0) };
}
