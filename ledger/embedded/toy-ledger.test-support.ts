import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Block } from '../port.js';
import type { EmbeddedLedger, EmbeddedLedgerOptions } from './engine.js';
import type { Keeper } from './identity.js';
import { openEmbeddedLedger } from './open.js';
import { ToyContract } from './toy-contract.test-support.js';

/** A folder that is removed after the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-ledger-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** Hides keys from a reader of the file, and refuses what it did not seal. */
export const keeper: Keeper = {
  seal: (plaintext) => Uint8Array.from([0x5e, ...plaintext.map((byte) => byte ^ 0xa5)]),
  open: (sealed) => {
    if (sealed[0] !== 0x5e) throw new Error('not sealed here');
    return sealed.subarray(1).map((byte) => byte ^ 0xa5);
  },
};

export function toyOptions(folder: string): EmbeddedLedgerOptions {
  return {
    folder,
    channel: 'records',
    chaincode: { name: 'records', version: '1.0' },
    contract: new ToyContract(),
    mspId: 'SoloMSP',
    owner: 'Sample Owner',
    keeper,
    now: Date.now,
    random: (length) => randomBytes(length),
  };
}

/** A ledger with the toy contract, closed after the test. */
export async function openToy(
  t: TestContext,
  folder: string,
  overrides: Partial<EmbeddedLedgerOptions> = {},
): Promise<EmbeddedLedger> {
  const ledger = await openEmbeddedLedger({ ...toyOptions(folder), ...overrides });
  t.after(() => ledger.close());
  return ledger;
}

/** The blocks that there are, from `from`. */
export async function allBlocks(ledger: EmbeddedLedger, from = 0): Promise<Block[]> {
  const [height, reading, blocks] = [await ledger.height(), new AbortController(), [] as Block[]];
  if (height <= from) return blocks;
  for await (const block of ledger.blocks(from, reading.signal)) {
    blocks.push(block);
    if (block.number === height - 1) reading.abort();
  }
  return blocks;
}

export async function get(ledger: EmbeddedLedger, key: string): Promise<string> {
  return Buffer.from(await ledger.evaluate('Get', [key])).toString();
}
