import { rmSync } from 'node:fs';
import Database from 'libsql';
import { LedgerError } from '../port.js';
import type { ReadWriteSet, Version } from '../rwset.js';

/** Name of the state's file in the ledger's folder. */
export const STATE_FILE = 'state.db';

/** What a block changes in the state, and where it lies. */
export interface BlockEffects {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly offset: number;
  readonly end: number;
  /** Those of the valid transactions, in order; `transaction` is the place in the block. */
  readonly effects: readonly { readonly transaction: number; readonly set: ReadWriteSet }[];
}

/** How far the blocks have been applied. `hash` is the last one's, empty before the first. */
export interface Position {
  readonly height: number;
  readonly end: number;
  readonly hash: Uint8Array;
}

export interface StateValue {
  readonly value: Uint8Array;
  /** The key's own endorsement policy, as the contract set it. */
  readonly policy: Uint8Array | null;
  readonly version: Version;
}

/** libsql gives blobs as Buffers when it reads one row, and as ArrayBuffers when it reads all. */
interface StateRow<Blob> {
  readonly key: string;
  readonly value: Blob;
  readonly policy: Blob | null;
  readonly block: number;
  readonly tx: number;
}

/** Keys, blocks and policies that are written between two checkpoints, which keeps the write-ahead log at a few MB. */
const CHANGES_BETWEEN_CHECKPOINTS = 500;

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE state (
    key TEXT PRIMARY KEY, value BLOB NOT NULL, policy BLOB, block INTEGER NOT NULL, tx INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE block (number INTEGER PRIMARY KEY, offset INTEGER NOT NULL);
  CREATE TABLE position (
    id INTEGER PRIMARY KEY CHECK (id = 1), height INTEGER NOT NULL, file_end INTEGER NOT NULL, hash BLOB NOT NULL
  );
  INSERT INTO position VALUES (1, 0, 0, x'');
  PRAGMA user_version = ${SCHEMA_VERSION};`;

/**
 * World state and block index, in SQLite. Derived from the block file, from which it can be rebuilt at any time: a
 * commit survives a killed process, and a power cut may take back the last ones, never half of one. Each block is
 * applied once, in one commit with the new position.
 *
 * Commits are flushed together, at a checkpoint. When that flush fails, nothing since the last one may be believed, also
 * what commits said to have written: the file is deleted, nothing more is applied, and the next start makes it anew.
 */
export class State {
  readonly #path: string;
  readonly #database: Database.Database;
  readonly #purpose: 'use' | 'look';
  readonly #get;
  readonly #put;
  readonly #delete;
  readonly #setPolicy;
  readonly #index;
  readonly #offset;
  readonly #advance;
  #position: Position;
  #changes = 0;
  #distrusted: LedgerError | null = null;

  /**
   * Opens or creates; to `look`, only opens, and sees the state as it is now until `close`, whatever others commit.
   * Throws whatever SQLite throws, also for a file that is not a state of this schema.
   */
  constructor(path: string, purpose: 'use' | 'look' = 'use') {
    this.#path = path;
    this.#database = new Database(path);
    this.#purpose = purpose;
    try {
      const database = this.#database;
      if (purpose === 'use') prepareSchema(database);
      else database.exec('BEGIN');
      checkSchema(database);
      this.#get = database.prepare('SELECT value, policy, block, tx FROM state WHERE key = ?');
      this.#put = database.prepare(
        `INSERT INTO state (key, value, block, tx) VALUES (?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, block = excluded.block, tx = excluded.tx`,
      );
      this.#delete = database.prepare('DELETE FROM state WHERE key = ?');
      // A policy for a key that is not there changes nothing, as on Fabric.
      this.#setPolicy = database.prepare('UPDATE state SET policy = ?, block = ?, tx = ? WHERE key = ?');
      this.#index = database.prepare('INSERT INTO block VALUES (?, ?)');
      this.#offset = database.prepare('SELECT offset FROM block WHERE number = ?');
      this.#advance = database.prepare('UPDATE position SET height = ?, file_end = ?, hash = ?');
      this.#position = readPosition(database);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get position(): Position {
    return this.#position;
  }

  get(key: string): StateValue | null {
    const row = this.#get.get([key]) as StateRow<Buffer> | undefined;
    return row ? valueOf(row) : null;
  }

  /** Where a block's frame begins; undefined when no such block was applied. */
  offsetOf(block: number): number | undefined {
    return (this.#offset.get([block]) as { offset: number } | undefined)?.offset;
  }

  /** Applies blocks that follow one another, all or none. */
  apply(blocks: readonly BlockEffects[]): void {
    if (this.#distrusted) throw this.#distrusted;
    const last = blocks.at(-1);
    if (!last) return;
    const position = { height: last.number + 1, end: last.end, hash: last.hash };
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const block of blocks) this.#write(block);
      this.#advance.run([position.height, position.end, Buffer.from(position.hash)]);
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
    this.#position = position;
    if (this.#changes > CHANGES_BETWEEN_CHECKPOINTS) this.#checkpoint();
  }

  #write({ number, offset, effects }: BlockEffects): void {
    this.#index.run([number, offset]);
    this.#changes += 1;
    for (const { transaction, set } of effects) {
      this.#changes += set.writes.length + set.policies.length;
      for (const { key, value } of set.writes) {
        if (value === null) this.#delete.run([key]);
        else this.#put.run([key, Buffer.from(value), number, transaction]);
      }
      for (const { key, policy } of set.policies) {
        this.#setPolicy.run([Buffer.from(policy), number, transaction, key]);
      }
    }
  }

  /** SQLite would do it by itself, and keep to itself that it failed. */
  #checkpoint(): void {
    this.#changes = 0;
    try {
      this.#database.pragma('wal_checkpoint(PASSIVE)');
    } catch (error) {
      // Without room for it the log stays as it is, good, and is copied another time.
      if (!isFailedFlush(error)) return;
      throw this.#distrust(error);
    }
  }

  #distrust(cause: Error): LedgerError {
    const message = `${STATE_FILE} could not be flushed to the disk; the next start makes it anew from the blocks`;
    this.#distrusted = new LedgerError('DAMAGED', message, undefined, { cause });
    removeState(this.#path);
    return this.#distrusted;
  }

  /** The keys after `key`, at most `limit`, in order of their bytes. Every key comes after ''. */
  entriesAfter(key: string, limit: number): (readonly [string, StateValue])[] {
    const rows = this.#database
      .prepare('SELECT * FROM state WHERE key > ? ORDER BY key LIMIT ?')
      .all([key, limit]) as StateRow<ArrayBuffer>[];
    return rows.map((row) => [row.key, valueOf(row)]);
  }

  /**
   * libsql closes a database only when its last statement has been collected as garbage, and SQLite then removes the
   * write-ahead log by name, which by that time may be another database's. So the log is given up here already.
   */
  close(): void {
    if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
    try {
      if (this.#purpose === 'use') this.#database.pragma('journal_mode = DELETE');
    } catch (error) {
      if (isFailedFlush(error)) this.#distrust(error);
      // Or somebody else is looking at it, or it is no database. Whoever opens it next finds the log and uses it.
    }
    this.#database.close();
  }
}

/** With its write-ahead log; nothing happens when it is not there. */
export function removeState(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

function isFailedFlush(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'SQLITE_IOERR_FSYNC';
}

function prepareSchema(database: Database.Database): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.pragma('wal_autocheckpoint = 0');
  if (schemaVersion(database) === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
}

function checkSchema(database: Database.Database): void {
  const version = schemaVersion(database);
  if (version !== SCHEMA_VERSION) throw new Error(`state of schema ${version}, expected ${SCHEMA_VERSION}`);
}

function schemaVersion(database: Database.Database): number {
  return (database.prepare('PRAGMA user_version').get([]) as { user_version: number }).user_version;
}

function readPosition(database: Database.Database): Position {
  const row = database.prepare('SELECT height, file_end AS end, hash FROM position').get([]);
  const { height, end, hash } = row as Position;
  return { height, end, hash };
}

function valueOf({ value, policy, block, tx }: StateRow<Buffer | ArrayBuffer>): StateValue {
  return {
    value: bytesOf(value),
    policy: policy && bytesOf(policy),
    version: { block, transaction: tx },
  };
}

function bytesOf(blob: Buffer | ArrayBuffer): Uint8Array {
  return blob instanceof ArrayBuffer ? new Uint8Array(blob) : blob;
}
