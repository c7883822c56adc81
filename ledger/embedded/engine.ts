import { join } from 'node:path';
import type { Contract } from 'fabric-contract-api';
import { Changes } from '../changes.js';
import { decodeBlock } from '../block.js';
import { decodeIdentity } from '../envelope.js';
import { LedgerError, type Attestation, type Block, type Ledger } from '../port.js';
import { checkTransactionSize } from '../transaction-size.js';
import { BLOCKS_FILE, type BlockFile, damagedAt, type StoredBlock } from './block-file.js';
import { Committer, type Committed } from './committer.js';
import { assembleTransaction, endorse, responsePayload } from './endorsement.js';
import type { Keeper, Organisation } from './identity.js';
import { propose, transactionId, type ChaincodeId, type Invocation } from './proposal.js';
import { located, type Notice, recover } from './recovery.js';
import { simulate, type Simulated } from './simulation.js';
import { SnapshotLock } from './snapshot-lock.js';
import { STATE_FILE, type State, type StateValue } from './state.js';
import { openFile, type Storage } from './storage.js';
import { currentTrustBundle } from './trust.js';
import { verifyLedger, type Verified } from './verify.js';

export interface EmbeddedLedgerOptions {
  /** Belongs to the ledger alone, and to one process at a time: the caller holds a lock. Must exist. */
  readonly folder: string;
  readonly channel: string;
  readonly chaincode: ChaincodeId;
  readonly contract: Contract;
  /** The ledger's one organisation, made at the first start. */
  readonly mspId: string;
  /** Who runs it, for people: stands in the trust bundle. */
  readonly owner: string;
  readonly keeper: Keeper;
  /** Unix ms. */
  readonly now: () => number;
  readonly random: (length: number) => Uint8Array;
  /** Told what opening found; nothing to be alarmed about. */
  readonly notice?: (notice: Notice) => void;
  /** Where the blocks lie; a file on disk unless a test wants it otherwise. */
  readonly openStorage?: (path: string) => Promise<Storage>;
}

const NONCE_BYTES = 24;

/**
 * A ledger of one organisation in one process: the contract is executed, endorsed, ordered, validated and stored as on
 * Fabric, in the same bytes, without a network. Endorsement policies, the keys' own included, are stored and cannot
 * protect: there is nobody else to endorse.
 *
 * `submit` resolves after the block is flushed to disk. When a write fails, its transactions reject with `UNKNOWN`. The
 * next `submit` or `evaluate` opens the block file again, which finds out what became of them, and answers `UNAVAILABLE`
 * when that fails; there is no timer, so whoever wants the ledger back asks again, or calls `mend`. `attest` and `blocks`
 * go on meanwhile with what was committed before.
 */
export class EmbeddedLedger implements Ledger {
  readonly channel: string;
  readonly mspId: string;
  readonly #options: EmbeddedLedgerOptions;
  readonly #organisation: Organisation;
  readonly #creator: { readonly mspId: string; readonly certificate: Uint8Array };
  readonly #file: BlockFile;
  readonly #state: State;
  readonly #committer: Committer;
  readonly #lock = new SnapshotLock();
  readonly #calls = new Set<Promise<unknown>>();
  /** New blocks, and the end. */
  readonly #changes = new Changes();
  #bundle: Promise<unknown> = Promise.resolve();
  #closed = false;
  #closing: Promise<void> | null = null;

  /** Takes over what `openEmbeddedLedger` has recovered. */
  constructor(options: EmbeddedLedgerOptions, organisation: Organisation, file: BlockFile, state: State) {
    this.channel = options.channel;
    this.mspId = organisation.mspId;
    this.#options = options;
    this.#organisation = organisation;
    this.#creator = decodeIdentity(organisation.client.serialized);
    this.#file = file;
    this.#state = state;
    const lock = this.#lock;
    const onCommit = () => this.#changes.announce();
    this.#committer = new Committer({ file, state, lock, onCommit, reopen: () => this.#reopen() });
  }

  /** The arguments must not be changed before it settles. */
  async submit(fn: string, args: readonly (string | Uint8Array)[]): Promise<Committed> {
    return this.#call(this.#submit(this.#invocation(fn, args)));
  }

  async #submit(invocation: Invocation): Promise<Committed> {
    if (!this.#isSound()) await this.mend();
    const proposal = propose(invocation);
    const { set, result } = await this.#simulate(proposal.id, invocation);
    const payload = responsePayload(proposal, this.#options.chaincode, set, result);
    const { peer, client } = this.#organisation;
    const envelope = assembleTransaction(proposal, payload, endorse(payload, peer), client);
    checkTransactionSize([envelope]);
    return this.#committer.commit({ id: proposal.id, envelope, set });
  }

  async evaluate(fn: string, args: readonly (string | Uint8Array)[]): Promise<Uint8Array> {
    return this.#call(this.#evaluate(this.#invocation(fn, args)));
  }

  async #evaluate(invocation: Invocation): Promise<Uint8Array> {
    if (!this.#isSound()) await this.mend();
    const id = transactionId(invocation.nonce, invocation.creator);
    return (await this.#simulate(id, invocation)).result;
  }

  async attest(request: string): Promise<Attestation> {
    const invocation = this.#invocation('Attest', [request]);
    const proposal = propose(invocation);
    const { set, result } = await this.#simulate(proposal.id, invocation);
    const payload = responsePayload(proposal, this.#options.chaincode, set, result);
    return { payload, endorsements: [endorse(payload, this.#organisation.peer)] };
  }

  /** After a failed write opens the block file again, as the next `submit` would; rejects while that fails too. */
  mend(): Promise<void> {
    return this.#call(this.#committer.mend());
  }

  /** The failed write, or attempt to open the block file again since; null while all is well. */
  get failure(): Error | null {
    return this.#committer.failure;
  }

  height(): Promise<number> {
    return Promise.resolve(this.#state.position.height);
  }

  /**
   * @throws LedgerError `DAMAGED` when a block is no longer as it was written, `UNAVAILABLE` when the ledger closes
   */
  async *blocks(from: number, signal: AbortSignal): AsyncGenerator<Block> {
    let next = from;
    let offset: number | undefined;
    let previousHash: Uint8Array | undefined;
    while (await this.#reaches(next, signal)) {
      const stored = await this.#read(next, offset ?? this.#offsetOf(next));
      const block = this.#decode(stored, previousHash);
      yield block;
      next += 1;
      offset = stored.end;
      previousHash = block.hash;
    }
  }

  /**
   * The signed trust bundle under which verifiers believe this ledger, as text. The same one until it has to say
   * something else or has lived half its time.
   */
  trustBundle({ hosts, now }: { readonly hosts: readonly string[]; readonly now: number }): Promise<string> {
    const { folder, channel, chaincode, owner } = this.#options;
    const subject = { channel, chaincode, owner, hosts };
    const make = () => currentTrustBundle(folder, this.#organisation, subject, now);
    // One after the other: each has to see the one before it.
    const bundle = this.#bundle.then(make, make);
    this.#bundle = bundle;
    return bundle;
  }

  /** Checks everything that is stored, see {@link verifyLedger}. The ledger goes on working meanwhile. */
  verifyBlocks(): Promise<Verified> {
    const { folder, channel, chaincode } = this.#options;
    return verifyLedger({ folder, channel, chaincode: chaincode.name, live: true });
  }

  /** Waits for what was submitted, then closes; iterations over blocks end with `UNAVAILABLE`. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#changes.announce();
    await Promise.allSettled(this.#calls);
    await this.#lock.exclusive(() => this.#state.close());
    await this.#file.close();
  }

  #invocation(fn: string, args: readonly (string | Uint8Array)[]): Invocation {
    const { channel, chaincode, random, now } = this.#options;
    const input = [fn, ...args].map(plainBytes);
    checkTransactionSize(input);
    const creator = this.#organisation.client.serialized;
    return { channel, chaincode: chaincode.name, creator, nonce: random(NONCE_BYTES), time: now(), input };
  }

  #simulate(transaction: string, { channel, time, input }: Invocation): Promise<Simulated> {
    const call = { channel, transactionId: transaction, time, creator: this.#creator, input };
    return this.#lock.shared(() => {
      if (this.#closed) throw closed();
      return simulate(this.#options.contract, call, (key) => this.#committed(key));
    });
  }

  /** Closing waits for it. */
  async #call<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  #isSound(): boolean {
    if (this.#closed) throw closed();
    return this.failure === null;
  }

  async #reopen(): Promise<void> {
    if (this.#closed) throw closed();
    const { folder, chaincode, openStorage = openFile, notice = () => undefined } = this.#options;
    await this.#file.reopen(await openStorage(join(folder, BLOCKS_FILE)));
    const [file, state, lock] = [this.#file, this.#state, this.#lock];
    await recover({ file, state, lock, chaincode: chaincode.name, notice });
  }

  /** Waits until there is a block with this number; false when the signal aborts first. */
  async #reaches(number: number, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      if (signal.aborted) return false;
      if (this.#closed) throw closed();
      if (number < this.#state.position.height) return true;
      await this.#changes.next(signal);
    }
  }

  #offsetOf(number: number): number {
    const offset = this.#state.offsetOf(number);
    if (offset === undefined) throw new LedgerError('DAMAGED', `the state's index lacks block ${number}`);
    return offset;
  }

  async #read(number: number, offset: number): Promise<StoredBlock> {
    try {
      return await this.#file.read(number, offset);
    } catch (error) {
      if (error instanceof LedgerError) throw error;
      const message = `block ${number} cannot be read`;
      throw this.#closed ? closed() : new LedgerError('UNAVAILABLE', message, undefined, { cause: error });
    }
  }

  /** What the contract sees of the state. An error here is no word of the contract's. */
  #committed(key: string): StateValue | null {
    try {
      return this.#state.get(key);
    } catch (error) {
      const message = `${STATE_FILE} cannot be read; it can be deleted, and is then made anew from the blocks`;
      throw new LedgerError('DAMAGED', message, undefined, { cause: error });
    }
  }

  #decode({ number, offset, bytes }: StoredBlock, previousHash: Uint8Array | undefined): Block {
    let block: Block;
    try {
      block = decodeBlock(bytes, this.#options.chaincode.name);
    } catch (error) {
      throw located(error, number, offset);
    }
    const follows = !previousHash || Buffer.from(previousHash).equals(block.previousHash);
    if (block.number !== number || !follows)
      throw damagedAt(number, offset, 'it does not follow the last one');
    return block;
  }
}

function closed(): LedgerError {
  return new LedgerError('UNAVAILABLE', 'the ledger is closed');
}

/** Not a Buffer: protobuf's runtime would copy one. */
function plainBytes(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
