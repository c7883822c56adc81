import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import Libsql from 'libsql';
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';
import { sha256 } from '@spondon/protocol/crypto-node';
import type { SignedStatement } from '@spondon/protocol/statement';
import type { Ledger } from '@spondon/ledger/port';
import { Anchorer, type AnchorerOptions } from './anchorer.js';
import { Follower } from './follower.js';
import { LogStore } from './log/store.js';
import { createQueueTables, enqueue, type QueueDb, queueLength, type QueueTables } from './queue.js';
import { NOON, queueRow, temporaryFolder } from './sample.test-support.js';
import { ToyLedger } from './toy-ledger.test-support.js';

/** Lets everything go on that can go on, until something is the case. */
export async function until(isSo: () => boolean | Promise<boolean>, turns = 50_000): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    if (await isSo()) return;
    await setImmediate();
  }
  assert.fail('it never came about');
}

/** Thrown by whatever a dead process still calls. */
class Dead extends Error {}

/** One life of a worker process. Killed, it can neither reach the database nor the ledger any more. */
export class Life {
  readonly troubles: unknown[] = [];
  readonly setAside: string[] = [];
  readonly waits: number[] = [];
  anchored = 0;
  shrunk = 0;
  /** Calls to database and ledger before it dies; the last one is carried out and not answered when `dyingCallWorks`. */
  callsLeft = Infinity;
  dyingCallWorks = false;
  readonly db: QueueDb;
  readonly ledger: Ledger;
  #parts: { follower: Follower; anchorer: Anchorer; store: LogStore } | undefined;

  constructor(
    private readonly t: TestContext,
    private readonly world: World,
    private readonly options: Partial<AnchorerOptions> = {},
  ) {
    this.db = new Kysely<QueueTables>({ dialect: new SqliteDialect({ database: this.#database() }) });
    this.ledger = this.#mortalLedger();
  }

  async start(): Promise<void> {
    const store = await LogStore.open(await temporaryFolder(this.t), sha256);
    const follower = new Follower({
      ledger: this.ledger,
      store,
      onFailure: (error) => this.troubles.push(error),
      checkpointDelayMs: 2 ** 30,
    });
    await follower.start();
    const anchorer = new Anchorer({
      ledger: this.ledger,
      store,
      follower,
      db: this.db,
      now: () => NOON,
      onAnchored: (count) => (this.anchored += count),
      onSetAside: (code) => this.setAside.push(code),
      onQueueShrunk: () => {
        this.shrunk += 1;
        return Promise.resolve();
      },
      onTrouble: (error) => this.troubles.push(error),
      wait: (ms) => {
        this.waits.push(ms);
        return this.callsLeft < 0 ? new Promise(() => undefined) : setImmediate();
      },
      ...this.options,
    });
    anchorer.start();
    this.#parts = { follower, anchorer, store };
  }

  /**
   * As the service does it, through the same connection: durably queued when it resolves, but for the texts that it
   * resolves to.
   */
  async accept(statements: readonly SignedStatement[]): Promise<string[]> {
    const refused = await enqueue(
      this.db,
      statements.map((signed) => queueRow(signed)),
    );
    this.#parts?.anchorer.wake();
    return refused.map(({ statement }) => statement);
  }

  get store(): LogStore {
    assert.ok(this.#parts);
    return this.#parts.store;
  }

  /** As the anchorer tells it. */
  get trouble(): unknown {
    return this.#parts?.anchorer.trouble;
  }

  get isDead(): boolean {
    return this.callsLeft < 0;
  }

  async stop(): Promise<void> {
    await this.#parts?.anchorer.stop();
    await this.#parts?.follower.stop();
  }

  kill(): void {
    this.callsLeft = -1;
    this.world.ledger.wake();
    this.world.rollBack();
  }

  /** Runs a call of this life, unless it dies of it. */
  #call<T>(work: () => T): T {
    if (this.isDead) throw new Dead('killed');
    const survives = this.callsLeft > 0;
    this.callsLeft -= 1;
    if (survives) return work();
    // Nobody is left who would care how it went.
    if (this.dyingCallWorks) Promise.resolve(work()).catch(() => undefined);
    this.kill();
    throw new Dead('killed');
  }

  #database(): SqliteDatabase {
    const { database } = this.world;
    return {
      close: () => undefined,
      prepare: (sql) => {
        const statement = database.prepare(sql);
        return {
          reader: statement.reader,
          all: (parameters) => this.#call(() => statement.all(parameters)),
          run: (parameters) => this.#call(() => statement.run(parameters)),
          iterate: (parameters) => statement.iterate(parameters),
        };
      },
    };
  }

  #mortalLedger(): Ledger {
    const { ledger } = this.world;
    const life = this.#call.bind(this);
    const isDead = (): boolean => this.isDead;
    return {
      channel: ledger.channel,
      mspId: ledger.mspId,
      submit: async (fn, args) => life(() => ledger.submit(fn, args)),
      height: async () => life(() => ledger.height()),
      evaluate: () => ledger.evaluate(),
      attest: () => ledger.attest(),
      close: () => ledger.close(),
      async *blocks(from, signal) {
        for await (const block of ledger.blocks(from, signal)) {
          // The dead read nothing; nor do they notice.
          if (isDead()) return new Promise<void>(() => undefined);
          yield block;
        }
      },
    };
  }
}

/** What outlives a worker: the ledger and the database. */
export class World {
  readonly ledger = new ToyLedger();
  readonly database: SqliteDatabase;
  readonly #file: Libsql.Database;
  /** For whoever looks. */
  readonly db: QueueDb;

  private constructor() {
    this.#file = new Libsql(':memory:');
    this.database = this.#file;
    this.db = new Kysely<QueueTables>({ dialect: new SqliteDialect({ database: this.database }) });
  }

  static async create(t: TestContext): Promise<World> {
    const world = new World();
    await createQueueTables(world.db, 'sqlite');
    t.after(() => world.db.destroy());
    return world;
  }

  /** A worker at work, stopped after the test. */
  async live(t: TestContext, options: Partial<AnchorerOptions> = {}): Promise<Life> {
    const life = new Life(t, this, options);
    t.after(() => (life.isDead ? life.store.close() : life.stop()));
    await life.start();
    return life;
  }

  /** What the database does for a process that died in a transaction. */
  rollBack(): void {
    if (this.#file.inTransaction) this.#file.exec('ROLLBACK');
  }

  async isDrained(): Promise<boolean> {
    return (await queueLength(this.db)) === 0;
  }

  /** Codes of what was set aside, by statement. */
  async refusals(): Promise<Map<string, string>> {
    const rows = await this.db.selectFrom('refused').select(['statement', 'code']).orderBy('seq').execute();
    return new Map(rows.map(({ statement, code }) => [statement, code]));
  }
}
