import { toHex } from '@spondon/protocol/bytes';
import { LedgerError } from '../port.js';

/** A peer's word: so many blocks, and the hash of the last of them. */
export interface Tip {
  readonly height: number;
  readonly hash: Uint8Array;
}

/** What lies further back is covered by every hash that is younger. */
const KEPT = 1024;

/**
 * Compares the blocks that we follow with those of other organisations' peers, by the hash of each one's last block,
 * which covers all before it. A difference is for ever: somebody ordered or shows two histories. A witness that does not
 * answer, or is behind, is no difference; it only agreed longer ago.
 */
export class Witnesses {
  readonly #held = new Map<number, Uint8Array>();
  /** Of those who are ahead of us. */
  readonly #claims = new Map<string, Tip>();
  readonly #agreedAt = new Map<string, number>();
  readonly #alarm = new AbortController();
  #difference: LedgerError | undefined;

  /** `names` are the witnesses' MSPs. */
  constructor(
    readonly names: readonly string[],
    private readonly ask: (name: string) => Promise<Tip>,
    private readonly now: () => number,
  ) {}

  /** Aborts when somebody holds another block. */
  get alarm(): AbortSignal {
    return this.#alarm.signal;
  }

  get difference(): LedgerError | undefined {
    return this.#difference;
  }

  /** When each one last held the same as we, Unix ms. */
  agreedAt(): ReadonlyMap<string, number> {
    return this.#agreedAt;
  }

  /** Takes note of a block that we read. */
  hold(number: number, hash: Uint8Array): void {
    this.#held.set(number, hash);
    this.#held.delete(number - KEPT);
    for (const [name, tip] of this.#claims) this.#judge(name, tip);
  }

  /** Asks every witness. Those who do not answer are left out. */
  async compare(): Promise<void> {
    await Promise.allSettled(this.names.map(async (name) => this.#judge(name, await this.ask(name))));
  }

  #judge(name: string, tip: Tip): void {
    const number = tip.height - 1;
    const held = this.#held.get(number);
    if (!held) {
      this.#claims.set(name, tip);
      return;
    }
    this.#claims.delete(name);
    if (toHex(held) === toHex(tip.hash)) {
      this.#agreedAt.set(name, this.now());
      return;
    }
    const message = `a peer of ${name} holds another block ${number}: ${toHex(tip.hash)}, and not ${toHex(held)}`;
    this.#difference ??= new LedgerError('FORKED', message);
    this.#alarm.abort();
  }
}
