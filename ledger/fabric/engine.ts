import { setTimeout as wait } from 'node:timers/promises';
import { common } from '@hyperledger/fabric-protos';
import { StatusCode, type Status, type Transaction } from '@hyperledger/fabric-gateway';
import { decodeBlock } from '../block.js';
import { LedgerError, type Attestation, type Block, type Ledger } from '../port.js';
import { checkTransactionSize } from '../transaction-size.js';
import { type CertificateEnd, CertificateEnds } from './certificate-ends.js';
import type { FabricSettings } from './connection.js';
import { messageOf, refused, unavailable } from './failure.js';
import { Gateways, type Outcome, type Way } from './gateways.js';
import { Orderers } from './orderers.js';
import { lostToPolicyChange } from './policy-race.js';
import { attestationIn, commitQuestion } from './transaction.js';
import { Witnesses, type Tip } from './witnesses.js';

/** For so long peers may disagree: one is a block behind, or another transaction is just coming through. */
const AGREEMENT_MS = 3_000;
/** After this nobody else is asked to attest in place of those who do not. */
const ATTEST_MS = 10_000;
const FIRST_PAUSE_MS = 5;
/** Between two comparisons of our blocks with other organisations'. */
const COMPARE_MS = 5_000;
const LAST_PAUSE_MS = 200;
/** A changing leader holds transactions back for some time and then orders them. */
const COMMIT_MS = 120_000;
/** When no peer said that orderers took it. */
const DOUBTFUL_COMMIT_MS = 10_000;
/** How long one call waits for it. */
const STATUS_MS = 15_000;

/**
 * A channel of a Fabric network, through the gateway service of its peers.
 *
 * Durability: `submit` resolves when the transaction is valid in a block that the peer in use has committed; enough
 * orderers hold the block by then. Nothing is kept here: a process that dies while it submits finds out at its next
 * start, from the ledger, what became of it.
 *
 * Idempotence: one call makes one transaction, which may be handed to several peers and orderers and is committed once,
 * as its id is. Two calls are two transactions; the contract's compare-and-swap settles that.
 *
 * Retry: every call goes on through another peer when one fails, and `submit` asks for the transaction's fate by its id
 * as long as it may still be ordered, so that a lost answer is no lost transaction. While peers disagree,
 * or none has a head yet, it and `attest` ask again; `attest` then goes on with another set of organisations, where the
 * policy leaves a choice. What is rejected then:
 * - `REFUSED` with the contract's words when every organisation asked says the same, without words when committers found
 *   the transaction invalid for another reason than a conflict;
 * - `CONFLICT` when it read what another transaction changed;
 * - `UNAVAILABLE` before anything went to the orderers: no peer works, or organisations keep disagreeing, which a peer
 *   with a wrong clock or an old state does;
 * - `UNKNOWN` when its fate did not become known in time: it may still be committed, for some minutes.
 *
 * Errors of gRPC and the gateway stop here.
 */
export class FabricLedger implements Ledger {
  readonly channel: string;
  readonly mspId: string;
  readonly #settings: FabricSettings;
  readonly #gateways: Gateways;
  readonly #endorsers: readonly string[];
  /** The settings' sets, in the order in which they are asked. */
  #attesters: FabricSettings['attesters'];
  readonly #others: ReadonlyMap<string, Gateways>;
  readonly #witnesses: Witnesses;
  readonly #certificateEnds: CertificateEnds;
  #comparing: NodeJS.Timeout | undefined;
  readonly #calls = new Set<Promise<unknown>>();
  #closed = false;
  #closing: Promise<void> | null = null;

  constructor(settings: FabricSettings) {
    this.channel = settings.channel;
    this.mspId = settings.mspId;
    this.#settings = settings;
    this.#gateways = new Gateways(settings);
    this.#certificateEnds = new CertificateEnds(settings);
    this.#attesters = settings.attesters;
    this.#others = new Map(
      settings.witnesses.map((peer) => [peer.mspId, new Gateways({ ...settings, gateways: [peer] })]),
    );
    this.#witnesses = new Witnesses([...this.#others.keys()], (mspId) => this.#tipOf(mspId), Date.now);
    this.#endorsers = [...new Set([...settings.endorsers, settings.mspId])];
  }

  submit(
    fn: string,
    args: readonly (string | Uint8Array)[],
  ): Promise<{ transactionId: string; block: number }> {
    return this.#call(() => this.#submit(fn, args));
  }

  async #submit(fn: string, args: readonly (string | Uint8Array)[]) {
    const transaction = await this.#endorse(fn, args, this.#endorsers);
    const bytes = transaction.getBytes();
    checkTransactionSize([bytes]);
    let isKnown = false;
    const send = async ({ gateway }: Way) => {
      try {
        await gateway.newTransaction(bytes).submit();
      } catch (error) {
        if (!isKnown) throw error;
      }
    };
    // From here on an orderer may have it, whatever we are told. A peer waits for the answers of more orderers than order
    // it: its block may be here while an orderer that is stuck still keeps the peer from answering.
    const sending = this.#untilClosed(this.#gateways.call(send, []));
    try {
      return await this.#fateOf(transaction.getTransactionId(), sending);
    } finally {
      isKnown = true;
    }
  }

  evaluate(fn: string, args: readonly (string | Uint8Array)[]): Promise<Uint8Array> {
    return this.#call(async () => {
      checkArguments(args);
      const evaluated = await this.#gateways.call(
        ({ network }) => network.getContract(this.#settings.chaincode).evaluate(fn, { arguments: [...args] }),
        [],
      );
      return valueOf(evaluated);
    });
  }

  attest(request: string): Promise<Attestation> {
    return this.#call(async () => {
      const transaction = await this.#endorseByOneSet('Attest', [request]);
      const attestation = attestationIn(transaction.getBytes());
      for (const { endorser } of attestation.endorsements) this.#certificateEnds.sawEndorser(endorser);
      return attestation;
    });
  }

  /** By the first set of attesters that can. One that cannot is the last choice from then on. */
  async #endorseByOneSet(fn: string, args: readonly string[]): Promise<Transaction> {
    const until = performance.now() + ATTEST_MS;
    const sets = [...this.#attesters];
    for (const [at, set] of sets.entries()) {
      try {
        return await this.#endorse(fn, args, set);
      } catch (error) {
        if (!(error instanceof LedgerError) || error.code !== 'UNAVAILABLE') throw error;
        this.#attesters = [...this.#attesters.filter((each) => each !== set), set];
        if (at === sets.length - 1 || performance.now() > until) throw error;
      }
    }
    throw unavailable('nobody was named to attest');
  }

  height(): Promise<number> {
    return this.#call(async () => valueOf(await this.#gateways.height()));
  }

  /**
   * @throws LedgerError `DAMAGED` when a block does not follow the one before, or is not signed by the orderers, `FORKED`
   * when a peer of another organisation holds another one, `UNAVAILABLE` when no peer works, or the ledger closes
   */
  async *blocks(from: number, signal: AbortSignal): AsyncGenerator<Block> {
    let next = from;
    let previousHash: Uint8Array | undefined;
    let fruitless = 0;
    let trouble: unknown;
    let orderers: Orderers | undefined;
    let certificates: Orderers['certificates'] | undefined;
    this.#comparing ??= setInterval(() => void this.#witnesses.compare(), COMPARE_MS).unref();
    const ends = AbortSignal.any([signal, this.#witnesses.alarm]);
    while (!signal.aborted) {
      if (this.#closed) throw closed();
      if (this.#witnesses.difference) throw this.#witnesses.difference;
      if (fruitless > this.#settings.gateways.length) throw unavailable(messageOf(trouble), trouble);
      fruitless += 1;
      try {
        orderers ??= await this.#orderersBefore(next);
        for await (const received of this.#gateways.blocks(next, ends)) {
          const block = decodeBlock(received, this.#settings.chaincode);
          checkFollows(block, next, previousHash);
          orderers.take(received);
          if (orderers.certificates !== certificates) {
            certificates = orderers.certificates;
            this.#certificateEnds.orderersAre(certificates);
          }
          this.#witnesses.hold(block.number, block.hash);
          next += 1;
          this.#gateways.saw(next);
          previousHash = block.hash;
          fruitless = 0;
          yield block;
        }
      } catch (error) {
        if (error instanceof LedgerError) throw error;
        trouble = error;
      }
    }
  }

  /** When peers of other organisations last held the same blocks as we followed, by MSP, Unix ms; null for never yet. */
  agreedAt(): ReadonlyMap<string, number | null> {
    const { names } = this.#witnesses;
    return new Map(names.map((name) => [name, this.#witnesses.agreedAt().get(name) ?? null]));
  }

  /** Of ourselves, and of those that we depend on, as far as they are known by now. */
  certificateEnds(): readonly CertificateEnd[] {
    return this.#certificateEnds.all();
  }

  /** Waits for what was submitted, then closes; iterations over blocks end with `UNAVAILABLE`. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#comparing);
    await Promise.allSettled(this.#calls);
    this.#gateways.close();
    for (const each of this.#others.values()) each.close();
  }

  #orderersBefore(next: number): Promise<Orderers> {
    const read = (bytes: Uint8Array) => common.Block.deserializeBinary(bytes);
    const fetch = async (number: number) => read(await this.#gateways.block(number));
    return Orderers.before(next, read(this.#settings.firstBlock), fetch);
  }

  async #tipOf(mspId: string): Promise<Tip> {
    const witness = this.#others.get(mspId);
    if (!witness) throw new TypeError(`${mspId} is no witness`);
    return witness.tip();
  }

  async #endorse(
    fn: string,
    args: readonly (string | Uint8Array)[],
    by: readonly string[],
  ): Promise<Transaction> {
    checkArguments(args);
    const until = performance.now() + AGREEMENT_MS;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LAST_PAUSE_MS)) {
      const endorsed = await this.#gateways.call(({ network }) => {
        const contract = network.getContract(this.#settings.chaincode);
        const options = { arguments: [...args], endorsingOrganizations: [...by] };
        return contract.newProposal(fn, options).endorse();
      }, by);
      if (!mayPass(endorsed) || performance.now() > until) return valueOf(endorsed);
      await wait(pause);
    }
  }

  async #fateOf(transactionId: string, sending: Promise<Outcome<unknown>>) {
    const { mspId, identity } = this.#settings;
    const question = commitQuestion(this.channel, transactionId, { mspId, ...identity });
    let until = Infinity;
    let cause: unknown;
    const sent = (patience: number, failure: unknown): void => {
      until = performance.now() + patience;
      cause ??= failure;
    };
    sending.then(
      (outcome) =>
        outcome.kind === 'done' ? sent(COMMIT_MS, undefined) : sent(DOUBTFUL_COMMIT_MS, outcome.cause),
      (bug: unknown) => sent(0, bug),
    );
    while (performance.now() < until) {
      const deadline = Date.now() + Math.min(until - performance.now(), STATUS_MS);
      const told = await this.#gateways.call(
        ({ gateway }) => gateway.newCommit(question).getStatus({ deadline }),
        [],
      );
      if (told.kind === 'done') return this.#judge(told.value);
      cause = told.cause;
      await wait(LAST_PAUSE_MS);
    }
    const message = `nobody said in time what became of transaction ${transactionId}: ${messageOf(cause)}`;
    throw new LedgerError('UNKNOWN', message, undefined, { cause });
  }

  async #judge({ code, blockNumber, transactionId }: Status) {
    const block = Number(blockNumber);
    this.#gateways.saw(block + 1);
    if (code === StatusCode.VALID) return { transactionId, block };
    if (await this.#cameSecond(code, transactionId)) {
      throw new LedgerError(
        'CONFLICT',
        `transaction ${transactionId} read what another one changed meanwhile`,
      );
    }
    const name = Object.entries(StatusCode).find(([, value]) => value === code)?.[0] ?? code;
    throw new LedgerError('REFUSED', `transaction ${transactionId} was found invalid: ${name}`);
  }

  async #cameSecond(code: Status['code'], transactionId: string): Promise<boolean> {
    if (code === StatusCode.MVCC_READ_CONFLICT || code === StatusCode.PHANTOM_READ_CONFLICT) return true;
    if (code !== StatusCode.ENDORSEMENT_POLICY_FAILURE) return false;
    const block = await this.#gateways.blockOf(transactionId);
    return block.kind === 'done' && lostToPolicyChange(block.value, transactionId, this.#settings.chaincode);
  }

  #call<T>(use: () => Promise<T>): Promise<T> {
    return this.#closed ? Promise.reject(closed()) : this.#untilClosed(use());
  }

  /** Closing waits for it. */
  async #untilClosed<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }
}

/** They disagree while one is a block behind; all who were asked may be, where another peer told us of a head. */
function mayPass(endorsed: Outcome<unknown>): boolean {
  const { kind } = endorsed;
  return kind === 'disagreed' || (kind === 'refused' && endorsed.refusal.code === 'HEAD_UNKNOWN');
}

function valueOf<T>(outcome: Outcome<T>): T {
  switch (outcome.kind) {
    case 'done':
      return outcome.value;
    case 'refused':
      throw refused(outcome.refusal, outcome.cause);
    case 'bug':
      throw new Error(outcome.message, { cause: outcome.cause });
    default:
      throw unavailable(outcome.message, outcome.cause);
  }
}

function checkArguments(args: readonly (string | Uint8Array)[]): void {
  checkTransactionSize(args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg) : arg)));
}

function checkFollows({ number, previousHash }: Block, next: number, before: Uint8Array | undefined): void {
  if (number === next && (!before || Buffer.from(before).equals(previousHash))) return;
  throw new LedgerError('DAMAGED', `block ${number} does not follow the last one`);
}

function closed(): LedgerError {
  return unavailable('the ledger is closed');
}
