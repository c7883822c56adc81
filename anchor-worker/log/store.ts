import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import { equalBytes, fromUtf8, utf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import type { Hash } from '@spondon/protocol/crypto';
import { documentIdBytes } from '@spondon/protocol/document-id';
import { decodeEntry, encodeEntry } from '@spondon/protocol/entry';
import { inclusionPath } from '@spondon/protocol/merkle/inclusion';
import { unpackStatements } from '@spondon/protocol/pack';
import { CLOCK_KEY, type Clock, type Issuer, logKey, type LogState, type LogHead } from '@spondon/protocol/records';
import type { Status } from '@spondon/protocol/records';
import { parseStatement, type SignedStatement } from '@spondon/protocol/statement';
import type { Block, Transaction } from '@spondon/ledger/port';
import { writeFileDurably } from '../durable-file.js';
import { WorkerError } from '../error.js';
import { LookupIndex } from './lookup-index.js';
import { Registry } from './registry.js';
import { LogTiles } from './tiles.js';

const CHECKPOINT = 'checkpoint.json';
const PACK_LIMITS = { maxStatements: 4096, maxBytes: 2 * 1024 * 1024 };

/** An entry as it stands in a log. Its statement's signature has not been verified. */
export interface Anchored {
  readonly mspId: string;
  readonly index: number;
  /** Anchoring time, Unix ms. */
  readonly at: number;
  readonly signed: SignedStatement;
}

interface Checkpoint {
  /** The next block to read. */
  readonly block: number;
  /** Hash of the last block read, base64url; empty before the first. */
  readonly blockHash: string;
  readonly clock: number;
  readonly journal: number;
  readonly logs: Readonly<Record<string, LogHead>>;
}

const EMPTY: Checkpoint = { block: 0, blockHash: '', clock: 0, journal: 0, logs: {} };

interface Log {
  readonly number: number;
  readonly tiles: LogTiles;
  head: LogHead;
}

/**
 * Everything that answers are made of, derived from the ledger's blocks: every log as tiles, the lookup index, the
 * registry. Kept as files that are a function of the blocks, so that it can be deleted and rebuilt byte for byte.
 * Reads see a block as soon as `apply` returns; files follow at `checkpoint`, and a crash costs reading the blocks
 * since the last one again.
 */
export class LogStore {
  readonly #logs = new Map<string, Log>();
  #nextBlock = 0;
  #blockHash: Uint8Array = new Uint8Array();
  #clock = 0;

  private constructor(
    private readonly folder: string,
    private readonly hash: Hash,
    private readonly registry: Registry,
    private readonly index: LookupIndex,
  ) {}

  static async open(folder: string, hash: Hash): Promise<LogStore> {
    const path = join(folder, CHECKPOINT);
    const checkpoint = existsSync(path) ? readCheckpoint(await readFile(path, 'utf8')) : EMPTY;
    const entries = Object.values(checkpoint.logs).reduce((sum, { size }) => sum + size, 0);
    const store = new LogStore(
      folder,
      hash,
      await Registry.open(folder, checkpoint.journal),
      await LookupIndex.open(join(folder, 'index'), entries),
    );
    store.#nextBlock = checkpoint.block;
    store.#blockHash = decodeBase64url(checkpoint.blockHash);
    store.#clock = checkpoint.clock;
    for (const [number, mspId] of store.registry.logs.entries()) {
      const head = checkpoint.logs[mspId];
      if (!head) throw new WorkerError('LOG_DAMAGED', `The checkpoint does not know the log of ${mspId}`);
      store.#openLog(mspId, number, head);
    }
    return store;
  }

  /** Number of the next block to apply. */
  get nextBlock(): number {
    return this.#nextBlock;
  }

  /** The channel's last tick that was read, Unix ms; 0 before the first. */
  get clock(): number {
    return this.#clock;
  }

  /**
   * Takes one block in. Throws `LEDGER_REWRITTEN` when it does not follow the last one, and `LOG_DAMAGED` when its
   * entries do not give the root that it claims; the store is unusable after that.
   */
  apply(block: Block): void {
    const follows = this.#nextBlock === 0 || equalBytes(block.previousHash, this.#blockHash);
    if (block.number !== this.#nextBlock || !follows) {
      throw new WorkerError('LEDGER_REWRITTEN', `Block ${block.number} does not follow the last one read`);
    }
    for (const transaction of block.transactions) if (transaction.valid) this.#applyTransaction(block, transaction);
    this.#nextBlock = block.number + 1;
    this.#blockHash = block.hash;
  }

  /** Holds the caller back while files lag behind too far. */
  async settle(): Promise<void> {
    for (const { tiles } of this.#logs.values()) await tiles.settle();
  }

  /** When it resolves, everything applied so far is on disk and durable. Not to run beside `apply`. */
  async checkpoint(): Promise<void> {
    for (const { tiles } of this.#logs.values()) await tiles.checkpoint();
    await this.index.checkpoint();
    const checkpoint: Checkpoint = {
      block: this.#nextBlock,
      blockHash: encodeBase64url(this.#blockHash),
      clock: this.#clock,
      journal: this.registry.journalLength,
      logs: Object.fromEntries([...this.#logs].map(([mspId, { head }]) => [mspId, head])),
    };
    await this.registry.checkpoint();
    await writeFileDurably(join(this.folder, CHECKPOINT), utf8(`${canonicalJson(checkpoint)}\n`));
    // From here on nothing needs the files that only the previous checkpoint spoke of.
    for (const { tiles } of this.#logs.values()) await tiles.removeSuperseded();
    await this.index.removeSuperseded();
  }

  async close(): Promise<void> {
    await this.checkpoint();
    this.index.close();
    await this.registry.close();
  }

  head(mspId: string): LogHead | undefined {
    return this.#logs.get(mspId)?.head;
  }

  heads(): ReadonlyMap<string, LogHead> {
    return new Map([...this.#logs].map(([mspId, { head }]) => [mspId, head]));
  }

  issuer(iss: string): Issuer | undefined {
    return this.registry.issuer(iss);
  }

  issuers(): ReadonlyMap<string, Issuer> {
    return this.registry.issuers();
  }

  annulment(iss: string, jti: string): Status | undefined {
    return this.registry.annulment(iss, jti);
  }

  /** Issues of a document with this SHA-256, first anchored first. */
  findByHash(sha256: Uint8Array): Anchored[] {
    const wanted = encodeBase64url(sha256);
    return this.#find(sha256).filter(({ signed: { statement } }) => statement.op === 'issue' && statement.sha256 === wanted);
  }

  /** Issues and revocations under a documentId, of any issuer, first anchored first. */
  findByCode(jti: string): Anchored[] {
    return this.#find(documentIdBytes(jti)).filter(({ signed }) => signed.statement.jti === jti);
  }

  entry(mspId: string, index: number): Uint8Array {
    return this.#log(mspId).tiles.entry(index);
  }

  /** All entries of one bundle of 256, for readers that go through a log in order. */
  bundle(mspId: string, number: number): Uint8Array[] {
    return this.#log(mspId).tiles.bundle(number);
  }

  /** RFC 9162 inclusion path of an entry in the tree of the first `size` entries. */
  inclusionPath(mspId: string, index: number, size: number): Uint8Array[] {
    const { tiles } = this.#log(mspId);
    return inclusionPath(index, size, (level, number) => tiles.node(level, number), this.hash);
  }

  #find(key: Uint8Array): Anchored[] {
    return this.index.find(key).map(({ log, index, offset }) => {
      const mspId = this.registry.logs[log];
      if (mspId === undefined) throw new WorkerError('LOG_DAMAGED', `The index names a log ${log} that is not there`);
      const { at, text } = decodeEntry(this.#log(mspId).tiles.entry(index, offset));
      return { mspId, index, at, signed: parseStatement(text) };
    });
  }

  #applyTransaction(block: Block, { fn, args, writes }: Transaction): void {
    for (const write of writes) {
      this.registry.apply(block.number, write);
      if (write.key === CLOCK_KEY && write.value) this.#clock = (JSON.parse(fromUtf8(write.value)) as Clock).at;
    }
    if (fn !== 'Append') return;
    const packed = args[1];
    const write = writes.find(({ key }) => key.startsWith(logKey('')));
    if (!packed || !write?.value) throw new WorkerError('LOG_DAMAGED', `Block ${block.number} appends to no log`);
    const mspId = write.key.slice(logKey('').length);
    const { n, size, root, at } = JSON.parse(fromUtf8(write.value)) as LogState;
    this.#append(block.number, mspId, unpackStatements(packed, PACK_LIMITS), { n, size, root, at });
  }

  #append(block: number, mspId: string, statements: readonly SignedStatement[], head: LogHead): void {
    const log = this.#logs.get(mspId) ?? this.#openLog(mspId, this.registry.addLog(block, mspId), null);
    for (const { text, statement } of statements) {
      const index = log.tiles.size;
      const offset = log.tiles.append(encodeEntry(head.at, text));
      const code = documentIdBytes(statement.jti);
      const keys = statement.op === 'issue' ? [decodeBase64url(statement.sha256), code] : [code];
      this.index.add(keys, { log: log.number, index, offset });
    }
    if (log.tiles.size !== head.size || encodeBase64url(log.tiles.root()) !== head.root) {
      throw new WorkerError('LOG_DAMAGED', `The entries of block ${block} do not give the root that it claims`);
    }
    log.head = head;
  }

  #openLog(mspId: string, number: number, head: LogHead | null): Log {
    const tiles = LogTiles.open(join(this.folder, 'logs', mspId), head?.size ?? 0, this.hash);
    const log = { number, tiles, head: head ?? { n: 0, size: 0, root: '', at: 0 } };
    this.#logs.set(mspId, log);
    return log;
  }

  #log(mspId: string): Log {
    const log = this.#logs.get(mspId);
    if (!log) throw new WorkerError('ENTRY_UNKNOWN', `There is no log of ${mspId}`);
    return log;
  }
}

function readCheckpoint(text: string): Checkpoint {
  try {
    return JSON.parse(text) as Checkpoint;
  } catch (error) {
    throw new WorkerError('LOG_DAMAGED', `${CHECKPOINT} cannot be read; reindex`, { cause: error });
  }
}
