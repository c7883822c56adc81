import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fromUtf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import {
  type Config,
  CONFIG_KEY,
  type Issuer,
  issuerKey,
  logKey,
  type Status,
  statusKey,
  type Vote,
  voteKey,
} from '@spondon/protocol/records';
import type { Transaction, Write } from '@spondon/ledger/port';
import { makeFolderDurably, syncFolder } from '@spondon/ledger/durable-file';
import { WorkerError } from '../error.js';

const JOURNAL = 'registry.jsonl';
const ISSUER_PREFIX = issuerKey('');
const STATUS_PREFIX = statusKey('', '').slice(0, -1);
const LOG_PREFIX = logKey('');
const VOTE_PREFIX = voteKey('');

/** What some regulators have voted for, and not yet all. */
export interface OpenDecision {
  /** Canonical JSON: the argument of `Decide`, which the others send unchanged. */
  readonly action: string;
  /** MSPs, in the order of their votes. */
  readonly voters: readonly string[];
  /** Time of the last vote, Unix ms. */
  readonly at: number;
}

/** A line of the journal: what a block wrote, or (without a value) that a log appeared or a decision was taken. */
interface Line {
  readonly block: number;
  readonly key: string;
  readonly value?: unknown;
}

/**
 * The small part of the world state that answers need and the logs do not hold: issuers, annulled revocations, the order
 * in which logs appeared, and where several regulators decide, who they are and what they have not decided yet. Kept in memory; journalled in ledger order, so the file is a function of the ledger.
 */
export class Registry {
  readonly #issuers = new Map<string, Issuer>();
  readonly #annulments = new Map<string, Status>();
  readonly #logs: string[] = [];
  readonly #decisions = new Map<string, OpenDecision>();
  #regulators: readonly string[] = [];
  #unwritten: string[] = [];

  private constructor(
    private readonly file: FileHandle,
    private length: number,
  ) {}

  /** Opens the journal as its last checkpoint left it, `length` bytes long; what follows is cut off and read again. */
  static async open(folder: string, length: number): Promise<Registry> {
    await makeFolderDurably(folder);
    const file = await open(join(folder, JOURNAL), 'a+');
    try {
      const { size } = await file.stat();
      if (size < length) {
        throw new WorkerError(
          'LOG_DAMAGED',
          `${JOURNAL} has ${size} bytes, its checkpoint says ${length}; reindex`,
        );
      }
      await file.truncate(length);
      await file.sync();
      await syncFolder(folder);
      const registry = new Registry(file, length);
      for (const line of parseLines(await file.readFile('utf8'))) registry.#keep(line);
      return registry;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The organisations with a log, in the order in which they first appended. */
  get logs(): readonly string[] {
    return this.#logs;
  }

  issuer(iss: string): Issuer | undefined {
    return this.#issuers.get(iss);
  }

  issuers(): ReadonlyMap<string, Issuer> {
    return this.#issuers;
  }

  /** The last revocation of a document that the regulators annulled. It may have been revoked again since. */
  annulment(iss: string, jti: string): Status | undefined {
    return this.#annulments.get(statusKey(iss, jti));
  }

  /** MSPs whose votes decide, when there are several; a sole one decides at once. */
  get regulators(): readonly string[] {
    return this.#regulators;
  }

  /** Decisions that wait for further votes, by the hash of the action in hexadecimal, the oldest proposal first. */
  decisions(): ReadonlyMap<string, OpenDecision> {
    return this.#decisions;
  }

  /** Takes note of a new log; returns its number. */
  addLog(block: number, mspId: string): number {
    this.#journal({ block, key: logKey(mspId) });
    return this.#logs.length - 1;
  }

  apply(block: number, { key, value }: Write): void {
    if (value === null) return;
    if (key.startsWith(ISSUER_PREFIX)) this.#journal({ block, key, value: JSON.parse(fromUtf8(value)) });
    if (key.startsWith(STATUS_PREFIX)) {
      const status = JSON.parse(fromUtf8(value)) as Status;
      // A revocation is found in the log itself; only its annulment stands nowhere else.
      if (status.annulled !== undefined) this.#journal({ block, key, value: status });
    }
  }

  /** What a transaction of the function `Decide` or `Init` leaves to be decided, or to whom. */
  applyDecision(block: number, { args: [argument = new Uint8Array()], time, writes }: Transaction): void {
    for (const { key, value } of writes) {
      if (key === CONFIG_KEY && value) {
        const { regulators } = JSON.parse(fromUtf8(value)) as Config;
        if (regulators.length > 1) this.#journal({ block, key, value: regulators });
      }
      if (!key.startsWith(VOTE_PREFIX)) continue;
      if (value === null) this.#journal({ block, key });
      else {
        const { voters } = JSON.parse(fromUtf8(value)) as Vote;
        this.#journal({ block, key, value: { action: fromUtf8(argument), voters, at: time } });
      }
    }
  }

  /** Length of the journal when everything so far is written, bytes. */
  get journalLength(): number {
    return this.#unwritten.reduce((length, line) => length + Buffer.byteLength(line), this.length);
  }

  /** When it resolves, the journal is durable up to where it was at the call. One at a time; not again once it failed. */
  async checkpoint(): Promise<void> {
    if (this.#unwritten.length === 0) return;
    const bytes = Buffer.from(this.#unwritten.join(''));
    this.#unwritten = [];
    this.length += bytes.length;
    await this.file.appendFile(bytes);
    await this.file.datasync();
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  #journal(line: Line): void {
    this.#unwritten.push(`${canonicalJson(line)}\n`);
    this.#keep(line);
  }

  #keep({ key, value }: Line): void {
    if (key.startsWith(ISSUER_PREFIX)) this.#issuers.set(key.slice(ISSUER_PREFIX.length), value as Issuer);
    else if (key.startsWith(STATUS_PREFIX)) this.#annulments.set(key, value as Status);
    else if (key === CONFIG_KEY) this.#regulators = value as readonly string[];
    else if (key.startsWith(VOTE_PREFIX)) this.#keepDecision(key.slice(VOTE_PREFIX.length), value);
    else this.#logs.push(key.slice(LOG_PREFIX.length));
  }

  #keepDecision(id: string, value: unknown): void {
    if (value === undefined) this.#decisions.delete(id);
    else this.#decisions.set(id, value as OpenDecision);
  }
}

function parseLines(text: string): Line[] {
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  } catch (error) {
    throw new WorkerError('LOG_DAMAGED', `${JOURNAL} cannot be read; reindex`, { cause: error });
  }
}
