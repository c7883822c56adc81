import { encodeBase64url } from '@spondon/protocol/base64url';
import { toHex, utf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import type { Hash } from '@spondon/protocol/crypto';
import { type Ledger, LedgerError } from '@spondon/ledger/port';
import type { OpenDecision } from '@spondon/anchor-worker/log/registry';
import { ServiceError } from '../error.js';

/** What regulators decide about, as `Decide` takes it but for its nonce. */
export type Action = Readonly<Record<string, unknown>> & { readonly do: string };

/** A decision that waits for the votes of other regulators. */
export interface Proposal {
  /** SHA-256 of the action, in hexadecimal. */
  readonly id: string;
  readonly action: Action;
  /** MSPs that have voted for it. */
  readonly voters: readonly string[];
  /** MSPs whose votes are missing. */
  readonly waitingFor: readonly string[];
  /** Time of the last vote, Unix ms. */
  readonly at: number;
}

export interface BallotDeps {
  readonly ledger: Pick<Ledger, 'mspId' | 'submit' | 'height'>;
  /** From the ledger: see `anchor-worker/log/registry.ts`. */
  readonly decisions: () => ReadonlyMap<string, OpenDecision>;
  readonly regulators: () => readonly string[];
  /** Resolves once the registry shows what a block wrote. */
  readonly applied: (block: number) => Promise<void>;
  /** Told of the block of each vote, once it is applied here. */
  readonly decided: (block: number) => Promise<void>;
  readonly hash: Hash;
  readonly random: (length: number) => Uint8Array;
}

/** The ledger's clock ticks in between now and then, and what was endorsed before has to be made anew. */
const ATTEMPTS = 5;

/**
 * The votes of this deployment's organisation. Nothing about them is kept here: what is proposed, by whom, and whether it
 * was carried out stands on the ledger, so a vote whose answer was lost is found there, and cast again it is no second one.
 */
export class Ballot {
  constructor(private readonly deps: BallotDeps) {}

  /** Whether others have to vote too. */
  get isShared(): boolean {
    return this.deps.regulators().length > 1;
  }

  /** Resolves once the registry shows everything that stands on the ledger now. */
  async catchUp(): Promise<void> {
    await this.deps.applied((await this.deps.ledger.height()) - 1);
  }

  /** Throws `NOT_REGULATOR`, as far as is known before the ledger is asked. */
  assertMayVote(): void {
    const { ledger, regulators } = this.deps;
    if (this.isShared && !regulators().includes(ledger.mspId)) throw notRegulator();
  }

  proposals(): readonly Proposal[] {
    return [...this.deps.decisions()].map(([id, decision]) => this.#proposal(id, decision));
  }

  /**
   * Votes for an action; with the same content proposed by another regulator already, for that one. Null when it was
   * carried out, else what waits for the others.
   */
  async propose(action: Action): Promise<Proposal | null> {
    this.assertMayVote();
    const asked = contentOf(action);
    const same = this.proposals().find((each) => contentOf(each.action) === asked);
    if (same) return this.confirm(same.id);
    const nonce = encodeBase64url(this.deps.random(16));
    return this.#cast(canonicalJson({ ...action, nonce }));
  }

  /** Votes for what another regulator proposed. Throws `DECISION_UNKNOWN`. */
  async confirm(id: string): Promise<Proposal | null> {
    this.assertMayVote();
    const decision = this.deps.decisions().get(id);
    if (!decision) {
      const message = `Nothing waits for votes under ${id}: it was decided already, or never proposed`;
      throw new ServiceError('DECISION_UNKNOWN', message);
    }
    if (decision.voters.includes(this.deps.ledger.mspId)) return this.#proposal(id, decision);
    return this.#cast(decision.action);
  }

  async #cast(action: string): Promise<Proposal | null> {
    const { applied, decided, decisions, hash } = this.deps;
    const block = await this.#submit(action);
    await applied(block);
    await decided(block);
    const id = toHex(hash(utf8(action)));
    const decision = decisions().get(id);
    return decision ? this.#proposal(id, decision) : null;
  }

  /** The number of the block after which the vote stands. */
  async #submit(action: string): Promise<number> {
    const { ledger } = this.deps;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await ledger.submit('Decide', [action])).block;
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        if (error.code === 'CONFLICT' && attempt < ATTEMPTS) continue;
        // An earlier attempt came through after all.
        if (error.refusal?.code === 'ALREADY_VOTED') return (await ledger.height()) - 1;
        throw error.code === 'REFUSED' ? refusedByLedger(error) : error;
      }
    }
  }

  #proposal(id: string, { action, voters, at }: OpenDecision): Proposal {
    const waitingFor = this.deps.regulators().filter((regulator) => !voters.includes(regulator));
    return { id, action: JSON.parse(action) as Action, voters, waitingFor, at };
  }
}

/** What was decided, whenever it was. */
function contentOf(action: Action): string {
  return canonicalJson({ ...action, nonce: '' });
}

function notRegulator(): ServiceError {
  const message =
    "Regulators decide this, each in its own deployment. A facility's deployment prepares what they decide about: " +
    'see admission-requests and key-requests';
  return new ServiceError('NOT_REGULATOR', message);
}

function refusedByLedger(error: LedgerError): ServiceError {
  // Committers refuse without words of the contract.
  const { code = '', message = error.message } = error.refusal ?? {};
  if (code === 'NOT_REGULATOR') return notRegulator();
  const options = { cause: error, details: { refusal: code } };
  return new ServiceError('REFUSED_BY_LEDGER', `The ledger refused this: ${message}`, options);
}
