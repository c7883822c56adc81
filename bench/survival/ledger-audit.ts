import { encodeBase64url } from '@spondon/protocol/base64url';
import { toHex, fromUtf8 } from '@spondon/protocol/bytes';
import { sha256 } from '@spondon/protocol/crypto-node';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { encodeEntry } from '@spondon/protocol/entry';
import { appendLeaves, type Frontier, rootOf } from '@spondon/protocol/merkle/compact-range';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { unpackStatements } from '@spondon/protocol/pack';
import { logKey, parseLogState } from '@spondon/protocol/records';
import type { Block, Ledger, Transaction } from '@spondon/ledger/port';
import type { Acknowledged } from '../campaign/load.js';

/**
 * One organisation's log, made again from the blocks by nothing but the protocol's functions: neither worker nor
 * contract has a part in it.
 */
export class RebuiltLog {
  /** How often each statement stands in the log, by its text. */
  readonly #times = new Map<string, number>();
  /** Codes of the documents issued, and of those revoked. */
  readonly #issued = new Map<string, number>();
  readonly #revoked = new Map<string, number>();
  #frontier: Frontier = [];
  #size = 0;
  readonly #contradictions: string[] = [];

  constructor(private readonly mspId: string) {}

  get size(): number {
    return this.#size;
  }

  apply({ number, transactions }: Block): void {
    for (const transaction of transactions) {
      if (transaction.valid && transaction.fn === 'Append') this.#append(number, transaction);
    }
  }

  #append(block: number, { args, writes }: Transaction): void {
    const value = writes.find(({ key }) => key === logKey(this.mspId))?.value;
    const [, packed] = args;
    if (!value || !packed) return;
    const state = parseLogState(JSON.parse(fromUtf8(value)));
    const statements = unpackStatements(packed);
    const leaves = statements.map(({ text }) => leafHash(encodeEntry(state.at, text), sha256));
    this.#frontier = appendLeaves(this.#frontier, this.#size, leaves, sha256);
    this.#size += leaves.length;
    const root = encodeBase64url(rootOf(this.#frontier, this.#size, sha256));
    if (state.size !== this.#size || state.root !== root)
      this.#contradictions.push(`block ${block} gives another head than its statements make`);
    for (const { text, statement } of statements) {
      count(this.#times, text);
      count(statement.op === 'issue' ? this.#issued : this.#revoked, statement.jti);
    }
  }

  /** What was acknowledged and does not stand in the log, and what stands in it more than once. */
  judge({ documents, revoked, statements }: Pick<Acknowledged, 'documents' | 'revoked' | 'statements'>): {
    readonly lost: readonly string[];
    readonly twice: readonly string[];
    readonly contradictions: readonly string[];
  } {
    const missing = (what: string, wanted: Iterable<string>, found: ReadonlyMap<string, number>) =>
      [...wanted].filter((each) => !found.has(each)).map((each) => `${what} ${each}`);
    const repeated = (what: string, found: ReadonlyMap<string, number>) =>
      [...found].filter(([, times]) => times > 1).map(([each, times]) => `${what} ${each}: ${times} times`);
    return {
      lost: [
        ...missing('document', [...documents.keys()].map(parseDocumentId), this.#issued),
        ...missing('revocation of', [...revoked].map(parseDocumentId), this.#revoked),
        ...missing('statement', statements, this.#times),
      ],
      twice: [
        ...repeated('statement', this.#times),
        ...repeated('document', this.#issued),
        ...repeated('revocation of', this.#revoked),
      ],
      contradictions: this.#contradictions,
    };
  }
}

function count(times: Map<string, number>, what: string): void {
  times.set(what, (times.get(what) ?? 0) + 1);
}

/** The same channel as each of its members' own peer has it. */
export class ChannelAudit {
  readonly log: RebuiltLog;
  readonly #hashes: string[] = [];

  constructor(
    /** By organisation; each goes through its own peer alone. */
    private readonly peers: ReadonlyMap<string, Ledger>,
    mspId: string,
  ) {
    this.log = new RebuiltLog(mspId);
  }

  /** How many blocks each peer has. */
  heights(): Promise<readonly { readonly organisation: string; readonly height: number }[]> {
    return Promise.all(
      [...this.peers].map(async ([organisation, ledger]) => ({
        organisation,
        height: await ledger.height(),
      })),
    );
  }

  /** Reads on, on every peer. Resolves with what contradicts: empty when all have the same blocks. */
  async readOn(): Promise<readonly string[]> {
    const faults: string[] = [];
    const from = this.#hashes.length;
    const heights = await this.heights();
    const height = Math.max(...heights.map((each) => each.height));
    for (const { organisation, height: own } of heights)
      if (own !== height) faults.push(`the peer of ${organisation} has ${own} blocks of ${height}`);
    for (const [organisation, ledger] of this.peers) {
      const end = heights.find((each) => each.organisation === organisation)?.height ?? 0;
      for await (const block of blocksOf(ledger, from, end)) {
        const hash = toHex(block.hash);
        const known = this.#hashes[block.number];
        if (known === undefined) {
          this.#hashes.push(hash);
          this.log.apply(block);
        } else if (known !== hash) {
          faults.push(`the peer of ${organisation} has another block ${block.number}`);
        }
      }
    }
    return faults;
  }
}

async function* blocksOf(ledger: Ledger, from: number, end: number): AsyncGenerator<Block> {
  if (from >= end) return;
  const enough = new AbortController();
  for await (const block of ledger.blocks(from, enough.signal)) {
    yield block;
    if (block.number === end - 1) return;
  }
}
