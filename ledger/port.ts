/**
 * What services ask of a ledger. Two engines stand behind it (`embedded`, and Fabric through its gateway);
 * nothing above this file knows which.
 */

/** What peers signed in answer to the contract's `Attest`: bytes exactly as Fabric peers produce them. */
export interface Attestation {
  /** `protos.ProposalResponsePayload`. */
  readonly payload: Uint8Array;
  readonly endorsements: readonly {
    /** `msp.SerializedIdentity`. */
    readonly endorser: Uint8Array;
    /** DER, over `payload ‖ endorser`. */
    readonly signature: Uint8Array;
  }[];
}

export interface Write {
  readonly key: string;
  /** `null` deletes the key. */
  readonly value: Uint8Array | null;
}

export interface Transaction {
  readonly id: string;
  /** False when a committer found it invalid: it stands in the block and changed nothing. */
  readonly valid: boolean;
  readonly creatorMspId: string;
  /** The transaction's own time (set by the client, checked by endorsers), Unix ms. */
  readonly time: number;
  readonly fn: string;
  /** Arguments after the function's name, as sent. */
  readonly args: readonly Uint8Array[];
  readonly writes: readonly Write[];
}

export interface Block {
  readonly number: number;
  /** SHA-256 of the header's ASN.1 DER, as Fabric computes it. */
  readonly hash: Uint8Array;
  readonly previousHash: Uint8Array;
  readonly transactions: readonly Transaction[];
}

export interface Ledger {
  readonly channel: string;
  /** The organisation that we submit as. */
  readonly mspId: string;
  /**
   * Resolves once the transaction is valid and durable. Rejects with {@link LedgerError}: after `UNKNOWN` it may or
   * may not have been committed, and only the ledger can tell.
   */
  submit(
    fn: string,
    args: readonly (string | Uint8Array)[],
  ): Promise<{ transactionId: string; block: number }>;
  evaluate(fn: string, args: readonly (string | Uint8Array)[]): Promise<Uint8Array>;
  /** `request` is the JSON argument of the contract's `Attest`; endorsed and never submitted. */
  attest(request: string): Promise<Attestation>;
  /** How many blocks there are; the next one gets this number. */
  height(): Promise<number>;
  /** Blocks in order beginning with number `from`; waits for further ones until `signal` aborts, then ends. */
  blocks(from: number, signal: AbortSignal): AsyncIterable<Block>;
  close(): Promise<void>;
}

/**
 * - `REFUSED`: the contract said no, see `refusal`; trying again unchanged is useless.
 * - `CONFLICT`: another transaction came first (MVCC); trying again is right.
 * - `UNAVAILABLE`: nothing was sent; try again later.
 * - `UNKNOWN`: sent, outcome not known; ask the ledger before trying again.
 * - `DAMAGED`: what is stored contradicts itself; stop.
 * - `FORKED`: organisations hold different blocks of the same number; stop, and ask them why.
 */
export type LedgerErrorCode = 'REFUSED' | 'CONFLICT' | 'UNAVAILABLE' | 'UNKNOWN' | 'DAMAGED' | 'FORKED';

/** The contract's own words: `CODE: message`, or `CODE[position]: message` about one statement of a batch. */
export interface Refusal {
  readonly code: string;
  readonly position?: number;
  readonly message: string;
}

export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  constructor(
    readonly code: LedgerErrorCode,
    message: string,
    readonly refusal?: Refusal,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const REFUSAL = /^([A-Z][A-Z_]*)(?:\[(\d+)\])?: ([\s\S]*)$/;

/** Reads the contract's error text; `null` when it is not of the contract's form (then it is a bug, not a refusal). */
export function parseRefusal(text: string): Refusal | null {
  const match = REFUSAL.exec(text);
  if (!match) return null;
  const [, code = '', position, message = ''] = match;
  return position === undefined ? { code, message } : { code, position: Number(position), message };
}
