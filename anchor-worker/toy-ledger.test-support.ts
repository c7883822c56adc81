import { encodeBase64url } from '@spondon/protocol/base64url';
import { utf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import { sha256 } from '@spondon/protocol/crypto-node';
import { encodeEntry } from '@spondon/protocol/entry';
import { appendLeaves, type Frontier, rootOf } from '@spondon/protocol/merkle/compact-range';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { packStatements, unpackStatements } from '@spondon/protocol/pack';
import { CLOCK_KEY, issuerKey, type Issuer, type LogState, logKey } from '@spondon/protocol/records';
import type { SignedStatement } from '@spondon/protocol/statement';
import { Changes } from '@spondon/ledger/changes';
import { type Block, type Ledger, LedgerError, type Refusal, type Transaction } from '@spondon/ledger/port';
import { MSP, NOON } from './sample.test-support.js';

/** What becomes of one submit. */
export type Fate =
  /** It is carried out, and answered. */
  | 'done'
  /** It never arrived (UNAVAILABLE). */
  | 'not-sent'
  /** It did not arrive, and nobody knows (UNKNOWN). */
  | 'lost'
  /** It was carried out, and nobody knows (UNKNOWN). */
  | 'done-unanswered'
  /** It is under way, and will be carried out when something else happens, if it still can be (UNKNOWN). */
  | 'late'
  /** Another transaction of the same block came first (CONFLICT). */
  | 'conflict';

interface Log {
  n: number;
  size: number;
  frontier: Frontier;
  readonly texts: string[];
}

/** A ledger in memory that keeps the rule on which exactly-once rests: `Append` succeeds at the size it names alone. */
export class ToyLedger implements Ledger {
  readonly channel = 'records';
  readonly mspId = MSP;
  readonly chain: Block[] = [];
  /** Decides what becomes of each submit. */
  fate: (fn: string) => Fate = () => 'done';
  /** The contract's word about a batch, when it is not a yes. */
  judge: (statements: readonly SignedStatement[]) => Refusal | null = () => null;
  /** While true, readers see no new blocks. */
  holdsBlocks = false;
  /** Function names, in the order in which they were submitted. */
  readonly submitted: string[] = [];
  readonly #logs = new Map<string, Log>();
  readonly #late: (() => void)[] = [];
  readonly #changes = new Changes();

  submit(
    fn: string,
    args: readonly (string | Uint8Array)[],
  ): Promise<{ transactionId: string; block: number }> {
    this.submitted.push(fn);
    this.arriveLate();
    // Thrown here, it rejects.
    return new Promise((resolve) => resolve(this.#submit(fn, args, this.fate(fn))));
  }

  /** Carries out what is still under way. */
  arriveLate(): void {
    for (const arrive of this.#late.splice(0)) arrive();
  }

  /** A block with one `Append` to anybody's log. */
  append(statements: readonly SignedStatement[], mspId = MSP): Block {
    const log = this.#log(mspId);
    const at = NOON + this.chain.length;
    const leaves = statements.map(({ text }) => leafHash(encodeEntry(at, text), sha256));
    log.frontier = appendLeaves(log.frontier, log.size, leaves, sha256);
    const args = [String(log.size), packStatements(statements), '[]'];
    log.n += 1;
    log.size += leaves.length;
    log.texts.push(...statements.map(({ text }) => text));
    const state: LogState = {
      n: log.n,
      size: log.size,
      root: encodeBase64url(rootOf(log.frontier, log.size, sha256)),
      at,
      frontier: log.frontier.map(encodeBase64url),
    };
    return this.write('Append', args, { [logKey(mspId)]: state }, { creatorMspId: mspId });
  }

  tick(at = NOON + this.chain.length): Block {
    return this.write('Tick', [], { [CLOCK_KEY]: { at } });
  }

  admit(iss: string, members: Partial<Issuer> = {}): Block {
    const named = {
      name: `Facility ${iss}`,
      kind: 'hospital',
      mspId: MSP,
      licence: 'L',
      telephone: 'T',
    } as const;
    return this.write('Decide', ['{}'], {
      [issuerKey(iss)]: { ...named, keys: [], state: 'admitted', since: NOON, ...members },
    });
  }

  /** A block with one transaction. */
  write(
    fn: string,
    args: readonly (string | Uint8Array)[],
    writes: Readonly<Record<string, unknown>>,
    members: Partial<Transaction> = {},
  ): Block {
    const number = this.chain.length;
    const transaction: Transaction = {
      id: `transaction ${number}`,
      valid: true,
      creatorMspId: this.mspId,
      time: NOON + number,
      fn,
      args: args.map((arg) => (typeof arg === 'string' ? utf8(arg) : arg)),
      writes: Object.entries(writes).map(([key, value]) => ({ key, value: utf8(canonicalJson(value)) })),
      ...members,
    };
    const previousHash = this.chain.at(-1)?.hash ?? new Uint8Array();
    const hash = sha256(
      Buffer.concat([previousHash, Buffer.from(canonicalJson([number, fn, args.map(String)]))]),
    );
    const block: Block = { number, hash, previousHash, transactions: [transaction] };
    this.chain.push(block);
    this.wake();
    return block;
  }

  /** Everything that was ever appended to a log, in order. */
  texts(mspId = MSP): readonly string[] {
    return this.#log(mspId).texts;
  }

  evaluate(): Promise<Uint8Array> {
    return Promise.reject(new Error('not here'));
  }

  attest(): Promise<never> {
    return Promise.reject(new Error('not here'));
  }

  height(): Promise<number> {
    return Promise.resolve(this.chain.length);
  }

  async *blocks(from: number, signal: AbortSignal): AsyncGenerator<Block> {
    for (let next = from; ; next += 1) {
      let block = this.#visible(next);
      while (!block) {
        if (signal.aborted) return;
        await this.#changes.next(signal);
        block = this.#visible(next);
      }
      if (signal.aborted) return;
      yield block;
    }
  }

  /** Readers look again. */
  wake(): void {
    this.#changes.announce();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #submit(
    fn: string,
    args: readonly (string | Uint8Array)[],
    fate: Fate,
  ): { transactionId: string; block: number } {
    if (fate === 'not-sent') throw new LedgerError('UNAVAILABLE', 'no connection');
    if (fate === 'lost') throw new LedgerError('UNKNOWN', 'no answer');
    const [expectedSize, packed] = args;
    if (fn !== 'Append' || !(packed instanceof Uint8Array)) return this.#done(this.tick());
    const statements = unpackStatements(packed);
    this.#endorse(Number(expectedSize), statements);
    const invalid = () => this.write('Append', args, {}, { valid: false });
    if (fate === 'conflict') {
      invalid();
      throw new LedgerError('CONFLICT', 'another one came first');
    }
    if (fate === 'late') {
      this.#late.push(() => {
        if (this.#log(this.mspId).size === Number(expectedSize)) this.append(statements);
        else invalid();
      });
      throw new LedgerError('UNKNOWN', 'no answer yet');
    }
    const done = this.#done(this.append(statements));
    if (fate === 'done-unanswered') throw new LedgerError('UNKNOWN', 'no answer');
    return done;
  }

  #endorse(expectedSize: number, statements: readonly SignedStatement[]): void {
    const { size } = this.#log(this.mspId);
    const refusal =
      expectedSize === size
        ? this.judge(statements)
        : { code: 'SIZE_MISMATCH', message: `expected size ${expectedSize}, present size ${size}` };
    if (refusal) throw new LedgerError('REFUSED', refusal.message, refusal);
  }

  #done({ number }: Block): { transactionId: string; block: number } {
    return { transactionId: `transaction ${number}`, block: number };
  }

  #visible(number: number): Block | undefined {
    return this.holdsBlocks ? undefined : this.chain[number];
  }

  #log(mspId: string): Log {
    const known = this.#logs.get(mspId);
    if (known) return known;
    const log = { n: 0, size: 0, frontier: [], texts: [] };
    this.#logs.set(mspId, log);
    return log;
  }
}
