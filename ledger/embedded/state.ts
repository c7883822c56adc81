import Database from 'libsql';
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

interface StateRow {
  readonly key: string;
  readonly value: Uint8Array;
  readonly policy: Uint8Array | null;
  readonly block: number;
  readonly tx: number;
}

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
 */
export class State {
  readonly #database: Database.Database;
  readonly #get;
  readonly #put;
  readonly #delete;
  readonly #setPolicy;
  readonly #index;
  readonly #offset;
  readonly #advance;
  #position: Position;

  /** Opens or creates. Throws whatever SQLite throws, also for a file that is not a state of this schema. */
  constructor(path: string) {
    this.#database = new Database(path);
    try {
      const database = this.#database;
      prepareSchema(database);
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
      this.#database.close();
      throw error;
    }
  }

  get position(): Position {
    return this.#position;
  }

  get(key: string): StateValue | null {
    const row = this.#get.get([key]) as StateRow | undefined;
    return row ? valueOf(row) : null;
  }

  /** Where a block's frame begins; undefined when no such block was applied. */
  offsetOf(block: number): number | undefined {
    return (this.#offset.get([block]) as { offset: number } | undefined)?.offset;
  }

  /** Applies blocks that follow one another, all or none. */
  apply(blocks: readonly BlockEffects[]): void {
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
  }

  #write({ number, offset, effects }: BlockEffects): void {
    this.#index.run([number, offset]);
    for (const { transaction, set } of effects) {
      for (const { key, value } of set.writes) {
        if (value === null) this.#delete.run([key]);
        else this.#put.run([key, Buffer.from(value), number, transaction]);
      }
      for (const { key, policy } of set.policies) {
        this.#setPolicy.run([Buffer.from(policy), number, transaction, key]);
      }
    }
  }

  /** Every key in order of its bytes, for comparing two states. Read in one go: nothing may be applied meanwhile. */
  *entries(): Generator<readonly [string, StateValue]> {
    const rows = this.#database.prepare('SELECT * FROM state ORDER BY key').iterate();
    for (const row of rows as Iterable<StateRow>) yield [row.key, valueOf(row)];
  }

  /** Holds the state as it is now for all reads until `close`, whatever others commit. */
  freeze(): void {
    this.#database.exec('BEGIN');
    this.#position = readPosition(this.#database);
  }

  close(): void {
    this.#database.close();
  }
}

function prepareSchema(database: Database.Database): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  const { user_version: version } = database.prepare('PRAGMA user_version').get([]) as { user_version: number };
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) throw new Error(`state of schema ${version}, expected ${SCHEMA_VERSION}`);
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
}

function readPosition(database: Database.Database): Position {
  const row = database.prepare('SELECT height, file_end AS end, hash FROM position').get([]);
  const { height, end, hash } = row as Position;
  return { height, end, hash };
}

function valueOf({ value, policy, block, tx }: StateRow): StateValue {
  return { value, policy, version: { block, transaction: tx } };
}
