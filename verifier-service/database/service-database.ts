import type { LeaseStore } from '@spondon/anchor-worker/leadership';
import type { Database } from './schema.js';

/** A database that is open, brought up to this version's schema, with what its engine does in its own way. */
export interface ServiceDatabase {
  readonly db: Database;
  /** Does what the engine can so that nothing that was deleted or replaced is left in its files. */
  readonly overwriteDeleted: () => Promise<void>;
  /** What keeps it from being used, in words for the operator; null while nothing does. */
  readonly problem: () => Promise<string | null>;
  /** Null where no other process can be at work on it. */
  readonly copies: Copies | null;
  readonly close: () => Promise<void>;
}

/** What a command works with that changes the database, while nobody else is at work on it. */
export type OwnDatabase = Pick<ServiceDatabase, 'db' | 'overwriteDeleted' | 'close'>;

/** What a command works with that only reads, while others may go on. */
export interface DatabaseView {
  /** How messages call it. */
  readonly name: string;
  /** As it was at one moment. */
  readonly db: Database;
  /** As it is by now. */
  readonly now: Database;
  /** What the engine finds wrong with its own files: throws naming the first damage. */
  readonly selfCheck: () => Promise<SelfCheck>;
}

export interface SelfCheck {
  /** In words for the operator; nothing where the engine does not say. */
  readonly checked: readonly string[];
  readonly unchecked: readonly string[];
}

/** What copies of the service that share a database settle through it. */
export interface Copies {
  /** Under one name, the work of one copy after that of another. */
  readonly inTurn: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly lease: (log: string) => LeaseStore;
  /** Within a transaction that queues what this key signed: throws `KEY_CHANGING` when another copy is ending it. */
  readonly assertSigns: (trx: Database, iss: string, kid: string) => Promise<void>;
  /** From when it resolves, what keys signed is committed, or not accepted by any copy, until `release`. */
  readonly withhold: (iss: string, kids: readonly string[]) => Promise<{ release: () => Promise<void> }>;
  /** Tells the other copies that something was queued. May get lost: whoever listens looks by itself now and then. */
  readonly tellQueued: () => void;
  /** Calls `listener` when another copy queued something, and after a connection was lost. Returns how to end. */
  readonly onQueued: (listener: () => void) => { stop: () => Promise<void> };
}
