import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeBase64url } from '@spondon/protocol/base64url';
import type { Hash } from '@spondon/protocol/crypto';
import type { LogHead } from '@spondon/protocol/records';
import { unlessMissing } from '@spondon/ledger/durable-file';
import { WorkerError } from '../error.js';
import { LogTiles } from './tiles.js';

export interface Log {
  /** By order of first appearance on the ledger. */
  readonly number: number;
  readonly tiles: LogTiles;
  head: LogHead;
}

const NO_HEAD: LogHead = { n: 0, size: 0, root: '', at: 0 };

/** The logs of all organisations, each in a folder of its own. */
export class Logs {
  readonly #logs = new Map<string, Log>();

  private constructor(
    private readonly folder: string,
    private readonly hash: Hash,
  ) {}

  /**
   * Opens those of a checkpoint, in the order of `owners`, and removes what a crash after it left of others. Of those
   * whose tiles are `inUse` it leaves the full ones, which will be written again, the same.
   */
  static async open(
    folder: string,
    owners: readonly string[],
    heads: ReadonlyMap<string, LogHead>,
    hash: Hash,
    inUse: ReadonlyMap<string, unknown>,
  ): Promise<Logs> {
    const logs = new Logs(folder, hash);
    if (owners.length !== heads.size) throw damaged('Registry and checkpoint know different logs');
    for (const mspId of (await unlessMissing(readdir(folder))) ?? []) {
      if (heads.has(mspId)) continue;
      if (inUse.has(mspId)) await LogTiles.open(join(folder, mspId), 0, hash);
      else await rm(join(folder, mspId), { recursive: true, force: true });
    }
    for (const [number, mspId] of owners.entries()) {
      const head = heads.get(mspId);
      if (!head) throw damaged(`The checkpoint does not know the log of ${mspId}`);
      const tiles = await LogTiles.open(join(folder, mspId), head.size, hash);
      logs.#logs.set(mspId, { number, tiles, head });
      logs.assertRoot(mspId);
    }
    return logs;
  }

  /** @throws WorkerError `ENTRY_UNKNOWN` */
  get(mspId: string): Log {
    const log = this.#logs.get(mspId);
    if (!log) throw new WorkerError('ENTRY_UNKNOWN', `There is no log of ${mspId}`);
    return log;
  }

  has(mspId: string): boolean {
    return this.#logs.has(mspId);
  }

  create(mspId: string, number: number): Log {
    const log = { number, tiles: LogTiles.create(join(this.folder, mspId), this.hash), head: NO_HEAD };
    this.#logs.set(mspId, log);
    return log;
  }

  heads(): ReadonlyMap<string, LogHead> {
    return new Map([...this.#logs].map(([mspId, { head }]) => [mspId, head]));
  }

  /** Throws `LOG_DAMAGED` when a log's entries are not those of its head. */
  assertRoot(mspId: string): void {
    const { tiles, head } = this.get(mspId);
    if (tiles.size === head.size && encodeBase64url(tiles.root()) === head.root) return;
    throw damaged(`The entries of ${mspId} do not give the root that the ledger names at size ${head.size}`);
  }

  /** Too much is in memory that should be on disk. */
  get isCrowded(): boolean {
    return [...this.#logs.values()].some(({ tiles }) => tiles.isCrowded);
  }

  /** Holds the caller back while files lag behind too far. */
  async settle(): Promise<void> {
    for (const { tiles } of this.#logs.values()) await tiles.settle();
  }

  /** Begins a checkpoint of each, see {@link LogTiles.checkpoint}. */
  checkpoint(): Promise<() => Promise<void>>[] {
    return [...this.#logs.values()].map(({ tiles }) => tiles.checkpoint());
  }

  /** Waits for what is on its way, however it ends. */
  async idle(): Promise<void> {
    for (const { tiles } of this.#logs.values()) await tiles.idle();
  }
}

function damaged(what: string): WorkerError {
  return new WorkerError('LOG_DAMAGED', `${what}; reindex`);
}
