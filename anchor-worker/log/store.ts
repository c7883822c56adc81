import { join } from 'node:path';
import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import { equalBytes, fromUtf8 } from '@spondon/protocol/bytes';
import type { Hash } from '@spondon/protocol/crypto';
import { documentIdBytes } from '@spondon/protocol/document-id';
import { decodeEntry } from '@spondon/protocol/entry';
import { CLOCK_KEY, type Clock, type Issuer, type LogHead, type Status } from '@spondon/protocol/records';
import { parseStatement, type SignedStatement } from '@spondon/protocol/statement';
import type { Block, Ledger, Transaction } from '@spondon/ledger/port';
import { damagedBy, unwritable, WorkerError } from '../error.js';
import { type Append, readAppend, type Unpacked } from './append.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { Logs } from './logs.js';
import { LookupIndex } from './lookup-index.js';
import { readBlocks } from './read-blocks.js';
import { type OpenDecision, Registry } from './registry.js';

/** An entry as it stands in a log. Its statement's signature has not been verified. */
export interface Anchored {
  readonly mspId: string;
  readonly index: number;
  /** Anchoring time, Unix ms. */
  readonly at: number;
  readonly signed: SignedStatement;
}

/**
 * Everything that answers are made of, derived from the ledger's blocks: every log as tiles, the lookup index, the
 * registry. Kept as files that are a function of the blocks, so that it can be deleted and rebuilt byte for byte.
 * Reads see a block as soon as `apply` returns; files follow at `checkpoint`, and a crash costs reading the blocks
 * since the last one again. So does a write that fails, without a crash: see `reopen`.
 */
export class LogStore {
  #nextBlock: number;
  #blockHash: Uint8Array;
  #clock: number;
  /** Why it writes no more files. Reads go on. */
  #failure: WorkerError | undefined;
  /** The last two: one may be under way while the one before it is still being read. */
  #expected: readonly Unpacked[] = [];
  #checkpointing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly folder: string,
    private readonly hash: Hash,
    private registry: Registry,
    private index: LookupIndex,
    private logs: Logs,
    { block, blockHash, clock }: Checkpoint,
  ) {
    this.#nextBlock = block;
    this.#blockHash = blockHash;
    this.#clock = clock;
  }

  /** @throws WorkerError `LOG_DAMAGED` when the files are not those of their last checkpoint */
  static open(folder: string, hash: Hash): Promise<LogStore> {
    return LogStore.#open(folder, hash, new Map());
  }

  /** `inUse`: the logs that somebody still reads there. */
  static async #open(folder: string, hash: Hash, inUse: ReadonlyMap<string, unknown>): Promise<LogStore> {
    const checkpoint = await readCheckpoint(folder);
    const entries = [...checkpoint.logs.values()].reduce((sum, { size }) => sum + size, 0);
    const registry = await Registry.open(folder, checkpoint.journal);
    try {
      const index = await LookupIndex.open(join(folder, 'index'), entries);
      try {
        const logs = await Logs.open(join(folder, 'logs'), registry.logs, checkpoint.logs, hash, inUse);
        return new LogStore(folder, hash, registry, index, logs, checkpoint);
      } catch (error) {
        await index.close();
        throw error;
      }
    } catch (error) {
      await registry.close();
      throw error;
    }
  }

  /**
   * After a write that failed (`UNWRITABLE`): opens the files as a start does, at their last checkpoint, reads the
   * blocks since then again, and goes on from there. Until that has come to disk, and when it fails, reads see what they
   * saw before. What a failed flush left on disk is written anew, since it lies beyond the checkpoint.
   */
  async reopen(ledger: Pick<Ledger, 'blocks'>, signal: AbortSignal): Promise<void> {
    // Nothing may be writing any more where the files are opened again.
    await Promise.all([this.#checkpointing, this.index.idle(), this.logs.idle()]);
    const fresh = await LogStore.#open(this.folder, this.hash, this.heads()).catch((error: unknown) => {
      throw unwritable(error, `The files in ${this.folder}`);
    });
    try {
      await readBlocks(ledger, fresh, this.#nextBlock, signal);
      await fresh.checkpoint();
    } catch (error) {
      await release(fresh.registry, fresh.index, fresh.logs).catch(() => undefined);
      throw error;
    }
    const { registry, index, logs } = this;
    // In one step, so that no read comes between.
    ({ registry: this.registry, index: this.index, logs: this.logs } = fresh);
    this.#failure = undefined;
    await release(registry, index, logs).catch(() => undefined);
  }

  /** What could not be written, so that it has to be reopened; or the damage after which it can only be closed. */
  get failure(): WorkerError | undefined {
    return this.#failure;
  }

  /** Number of the next block to apply. */
  get nextBlock(): number {
    return this.#nextBlock;
  }

  /** The channel's last tick that was read, Unix ms; 0 before the first. */
  get clock(): number {
    return this.#clock;
  }

  /** Throws `LEDGER_REWRITTEN` when this is not the last block that was read. */
  assertLast(block: Block): void {
    if (block.number === this.#nextBlock - 1 && equalBytes(block.hash, this.#blockHash)) return;
    throw new WorkerError('LEDGER_REWRITTEN', `Block ${block.number} is not the one that was read before`);
  }

  /**
   * Takes one block in. Throws `LEDGER_REWRITTEN` when it does not follow the last one, and `LOG_DAMAGED` when its
   * entries do not give the root that it claims; the store is unusable after that, and its files stay as they were.
   * While files cannot be written, what it takes in stays in memory: see `isCrowded`.
   */
  apply(block: Block): void {
    if (this.#failure && this.#failure.code !== 'UNWRITABLE') throw this.#failure;
    try {
      this.#apply(block);
    } catch (error) {
      throw (this.#failure = damagedBy(error, `Block ${block.number} cannot be read`));
    }
  }

  /** Spares unpacking a batch that its sender has just unpacked, should a block bring it. */
  expect(packed: Uint8Array, statements: readonly SignedStatement[]): void {
    this.#expected = [...this.#expected.slice(-1), { packed, statements }];
  }

  /** Too much is in memory that should be on disk. */
  get isCrowded(): boolean {
    return this.logs.isCrowded || this.index.isCrowded;
  }

  /** Holds the caller back while files lag behind too far. @throws WorkerError `UNWRITABLE`, and is to be reopened */
  async settle(): Promise<void> {
    try {
      await this.logs.settle();
      await this.index.settle();
    } catch (error) {
      throw (this.#failure ??= unwritable(error, `The files in ${this.folder}`));
    }
  }

  /**
   * When it resolves, everything applied before the call is on disk and durable. `apply` may go on meanwhile.
   *
   * @throws WorkerError `UNWRITABLE`, and is to be reopened
   */
  checkpoint(): Promise<void> {
    const done = this.#checkpointing.then(() => this.#checkpoint());
    this.#checkpointing = done.catch(() => undefined);
    return done;
  }

  /** Leaves everything on disk, unless that has failed before. */
  async close(): Promise<void> {
    try {
      if (this.#failure) await this.#checkpointing;
      else await this.checkpoint();
    } finally {
      await release(this.registry, this.index, this.logs);
    }
  }

  head(mspId: string): LogHead | undefined {
    return this.logs.has(mspId) ? this.logs.get(mspId).head : undefined;
  }

  heads(): ReadonlyMap<string, LogHead> {
    return this.logs.heads();
  }

  issuer(iss: string): Issuer | undefined {
    return this.registry.issuer(iss);
  }

  issuers(): ReadonlyMap<string, Issuer> {
    return this.registry.issuers();
  }

  /** See {@link Registry.regulators}. */
  get regulators(): readonly string[] {
    return this.registry.regulators;
  }

  /** See {@link Registry.decisions}. */
  decisions(): ReadonlyMap<string, OpenDecision> {
    return this.registry.decisions();
  }

  annulment(iss: string, jti: string): Status | undefined {
    return this.registry.annulment(iss, jti);
  }

  /** Issues of a document with this SHA-256, first anchored first. */
  findByHash(sha256: Uint8Array): Anchored[] {
    const wanted = encodeBase64url(sha256);
    return this.#find(sha256).filter(
      ({ signed: { statement } }) => statement.op === 'issue' && statement.sha256 === wanted,
    );
  }

  /**
   * Issues and revocations under a documentId, of any issuer, first anchored first. Entries that the caller has at hand
   * are not read again.
   */
  findByCode(jti: string, atHand: readonly Anchored[] = []): Anchored[] {
    return this.#find(documentIdBytes(jti), atHand).filter(({ signed }) => signed.statement.jti === jti);
  }

  entry(mspId: string, index: number): Uint8Array {
    return this.logs.get(mspId).tiles.entry(index);
  }

  /** All entries of one bundle of 256, for readers that go through a log in order. */
  bundle(mspId: string, number: number): Uint8Array[] {
    return this.logs.get(mspId).tiles.bundle(number);
  }

  /** RFC 9162 inclusion path of an entry in the tree of the first `size` entries. */
  inclusionPath(mspId: string, index: number, size: number): Uint8Array[] {
    return this.logs.get(mspId).tiles.inclusionPath(index, size);
  }

  #find(key: Uint8Array, atHand: readonly Anchored[] = []): Anchored[] {
    return this.index.find(key).map(({ log, index, offset }) => {
      const mspId = this.registry.logs[log];
      if (mspId === undefined)
        throw new WorkerError('LOG_DAMAGED', `The index names a log ${log} that is not there`);
      const known = atHand.find((entry) => entry.index === index && entry.mspId === mspId);
      return known ?? this.#read(mspId, index, offset);
    });
  }

  #read(mspId: string, index: number, offset: number): Anchored {
    try {
      const { at, text } = decodeEntry(this.logs.get(mspId).tiles.entry(index, offset));
      return { mspId, index, at, signed: parseStatement(text) };
    } catch (error) {
      throw damagedBy(error, 'What the lookup index points to is no entry');
    }
  }

  #apply(block: Block): void {
    const follows = this.#nextBlock === 0 || equalBytes(block.previousHash, this.#blockHash);
    if (block.number !== this.#nextBlock || !follows) {
      throw new WorkerError('LEDGER_REWRITTEN', `Block ${block.number} does not follow the last one read`);
    }
    for (const transaction of block.transactions) {
      if (transaction.valid) this.#applyTransaction(block.number, transaction);
    }
    this.#nextBlock = block.number + 1;
    this.#blockHash = block.hash;
  }

  #applyTransaction(block: number, transaction: Transaction): void {
    for (const write of transaction.writes) {
      this.registry.apply(block, write);
      if (write.key === CLOCK_KEY && write.value)
        this.#clock = (JSON.parse(fromUtf8(write.value)) as Clock).at;
    }
    this.registry.applyDecision(block, transaction);
    const append = readAppend(transaction, this.#expected);
    if (append) this.#append(block, append);
  }

  #append(block: number, { mspId, entries, head, expectation }: Append): void {
    const log = this.logs.has(mspId)
      ? this.logs.get(mspId)
      : this.logs.create(mspId, this.registry.addLog(block, mspId));
    for (const { entry, statement } of entries) {
      const index = log.tiles.size;
      const offset = log.tiles.append(entry);
      const code = documentIdBytes(statement.jti);
      const keys = statement.op === 'issue' ? [decodeBase64url(statement.sha256), code] : [code];
      this.index.add(keys, { log: log.number, index, offset });
    }
    log.head = head;
    this.logs.assertRoot(mspId);
    this.#expected = this.#expected.filter((each) => each !== expectation);
  }

  async #checkpoint(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const checkpoint: Checkpoint = {
      block: this.#nextBlock,
      blockHash: this.#blockHash,
      clock: this.#clock,
      journal: this.registry.journalLength,
      logs: this.logs.heads(),
    };
    try {
      // Each takes down what it has now, before anything else can happen, and then writes it.
      const parts = [this.index.checkpoint(), ...this.logs.checkpoint()];
      const journal = this.registry.checkpoint();
      await Promise.allSettled([...parts, journal]);
      await journal;
      const removeOld = await Promise.all(parts);
      await writeCheckpoint(this.folder, checkpoint);
      // From here on nothing needs the files that only the previous checkpoint spoke of.
      for (const remove of removeOld) await remove();
    } catch (error) {
      throw (this.#failure ??= unwritable(error, `The files in ${this.folder}`));
    }
  }
}

async function release(registry: Registry, index: LookupIndex, logs: Logs): Promise<void> {
  await logs.idle();
  await index.close();
  await registry.close();
}
