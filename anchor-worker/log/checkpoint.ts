import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import { utf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import { type LogHead, parseLogHead } from '@spondon/protocol/records';
import { unlessMissing, writeFileDurably } from '@spondon/ledger/durable-file';
import { WorkerError } from '../error.js';

const FILE = 'checkpoint.json';

/** How far the files of a log store go. What they hold beyond it does not count, and is made again from the blocks. */
export interface Checkpoint {
  /** The next block to read. */
  readonly block: number;
  /** Of the last block read; empty before the first. */
  readonly blockHash: Uint8Array;
  /** The channel's last tick, Unix ms; 0 before the first. */
  readonly clock: number;
  /** Length of the registry's journal, bytes. */
  readonly journal: number;
  /** By organisation. */
  readonly logs: ReadonlyMap<string, LogHead>;
}

const EMPTY: Checkpoint = { block: 0, blockHash: new Uint8Array(), clock: 0, journal: 0, logs: new Map() };

export async function writeCheckpoint(
  folder: string,
  { blockHash, logs, ...rest }: Checkpoint,
): Promise<void> {
  const stored = { ...rest, blockHash: encodeBase64url(blockHash), logs: Object.fromEntries(logs) };
  await writeFileDurably(join(folder, FILE), utf8(`${canonicalJson(stored)}\n`));
}

/** The empty one when there is none. @throws WorkerError `LOG_DAMAGED` */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  try {
    const text = await unlessMissing(readFile(join(folder, FILE), 'utf8'));
    return text === undefined ? EMPTY : parseCheckpoint(JSON.parse(text));
  } catch (error) {
    throw new WorkerError('LOG_DAMAGED', `${FILE} cannot be read; reindex`, { cause: error });
  }
}

function parseCheckpoint(value: unknown): Checkpoint {
  const { block, blockHash, clock, journal, logs } = value as Record<keyof Checkpoint, unknown>;
  if (!isCount(block) || !isCount(clock) || !isCount(journal)) throw new TypeError('not a checkpoint');
  if (typeof blockHash !== 'string' || typeof logs !== 'object' || logs === null)
    throw new TypeError('not a checkpoint');
  return {
    block,
    blockHash: decodeBase64url(blockHash),
    clock,
    journal,
    logs: new Map(Object.entries(logs).map(([mspId, head]) => [mspId, parseLogHead(head)])),
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
