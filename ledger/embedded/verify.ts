import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBlock, type RawBlock } from '../block.js';
import { LedgerError } from '../port.js';
import type { ReadWriteSet } from '../rwset.js';
import { BLOCKS_FILE, BlockFile, damagedAt, type StoredBlock } from './block-file.js';
import { effectsOf, validate } from './committer.js';
import { loadPublicIdentities } from './identity.js';
import { located, openStored } from './recovery.js';
import { STATE_FILE, State, type BlockEffects, type StateValue } from './state.js';
import { openFileToRead } from './storage.js';
import { verifyTransaction, type Expected } from './verify-transaction.js';

export interface VerifyOptions {
  readonly folder: string;
  readonly channel: string;
  /** Name of the chaincode. */
  readonly chaincode: string;
  /** The ledger is open and may be writing the next block: look no further than the state has seen. */
  readonly live?: boolean;
}

export interface Verified {
  readonly blocks: number;
  readonly transactions: number;
  /** Bytes of a write at the end of the file that was cut short; the next start removes them. */
  readonly interrupted: number;
  /** False when there is no state to compare; the next start makes it. */
  readonly stateCompared: boolean;
}

/** Rows compared before others get their turn. */
const ROWS_AT_ONCE = 2000;

/**
 * Checks a whole embedded ledger without changing anything: each block's checksum, place in the hash chain, data hash
 * and encoding; each transaction's id, proposal hash and signatures; its validation flag, by validating all of them
 * anew; and the state, by replaying the blocks into an empty one and comparing key for key.
 *
 * While it runs on an open ledger, SQLite keeps the state's write-ahead log whole; it shrinks afterwards.
 *
 * @throws LedgerError `DAMAGED`, naming the first damage and where it is
 */
export async function verifyLedger(options: VerifyOptions): Promise<Verified> {
  const { folder, channel, chaincode } = options;
  const identities = await loadPublicIdentities(folder);
  if (!identities) throw new LedgerError('DAMAGED', 'the identity that signed the blocks is missing');
  const scratch = await mkdtemp(join(tmpdir(), 'spondon-verify-'));
  const storage = await openFileToRead(join(folder, BLOCKS_FILE));
  const replayed = new State(join(scratch, STATE_FILE));
  let committed: State | null = null;
  try {
    committed = await openCommitted(folder);
    const expected = { channel, chaincode, ...identities };
    return await verify(new BlockFile(storage), replayed, committed, expected, options.live ?? false);
  } finally {
    committed?.close();
    replayed.close();
    await storage.close();
    await rm(scratch, { recursive: true });
  }
}

/** The state as it is now, for as long as the check takes. Null when there is none. */
async function openCommitted(folder: string): Promise<State | null> {
  const path = join(folder, STATE_FILE);
  const present = await access(path).then(
    () => true,
    () => false,
  );
  if (!present) return null;
  try {
    return new State(path, 'look');
  } catch (error) {
    throw stateDamaged(`cannot be read (${String(error)})`, error);
  }
}

async function verify(
  file: BlockFile,
  replayed: State,
  committed: State | null,
  expected: Expected,
  live: boolean,
): Promise<Verified> {
  let transactions = 0;
  let interrupted = 0;
  for (;;) {
    const { height, end } = replayed.position;
    const reached = committed?.position.height === height;
    if (committed && reached) await compareStates(committed, replayed);
    if (reached && live) break;
    const found = await file.find(height, end);
    if (found.kind === 'interrupted') interrupted = found.length;
    if (found.kind !== 'block') break;
    const effects = verifyBlock(found.block, replayed, expected);
    if (committed && height < committed.position.height) checkIndex(committed, effects);
    replayed.apply([effects]);
    transactions += effects.transactions;
  }
  const { height: blocks, end } = replayed.position;
  if (committed && committed.position.height > blocks) {
    throw damagedAt(blocks, end, `the file ends, and ${committed.position.height} blocks were committed`);
  }
  return { blocks, transactions, interrupted, stateCompared: committed !== null };
}

function verifyBlock(
  stored: StoredBlock,
  replayed: State,
  expected: Expected,
): BlockEffects & { readonly transactions: number } {
  const { number, offset, end, bytes } = stored;
  const block = openStored(stored, replayed.position.hash);
  const sets = setsOf(block, offset, expected);
  const flags = validate(sets, (key) => replayed.get(key)?.version ?? null);
  if (Buffer.compare(flags, block.flags) !== 0) throw damagedAt(number, offset, 'a validation flag is wrong');
  const { bytes: encoded } = encodeBlock(number, block.previousHash, block.envelopes, flags);
  if (Buffer.compare(encoded, bytes) !== 0)
    throw damagedAt(number, offset, 'it holds more than a block does');
  const effects = effectsOf(sets, flags);
  return { number, offset, end, hash: block.hash, effects, transactions: sets.length };
}

function setsOf(block: RawBlock, offset: number, expected: Expected): { readonly set: ReadWriteSet }[] {
  try {
    return block.envelopes.map((envelope) => ({ set: verifyTransaction(envelope, expected) }));
  } catch (error) {
    throw located(error, block.number, offset);
  }
}

function checkIndex(committed: State, { number, offset }: BlockEffects): void {
  if (committed.offsetOf(number) !== offset) throw stateDamaged(`has block ${number} at the wrong place`);
}

async function compareStates(committed: State, replayed: State): Promise<void> {
  const [is, should] = [committed.position, replayed.position];
  if (is.end !== should.end || Buffer.compare(is.hash, should.hash) !== 0) {
    throw stateDamaged(`names another block ${should.height - 1}`);
  }
  let after = '';
  for (;;) {
    const have = committed.entriesAfter(after, ROWS_AT_ONCE);
    const want = replayed.entriesAfter(after, ROWS_AT_ONCE);
    const differing = firstDifference(have, want);
    if (differing !== null) throw stateDamaged(`differs at key ${JSON.stringify(differing)}`);
    const last = want.at(-1);
    if (!last) return;
    after = last[0];
    await new Promise((resolve) => setImmediate(resolve));
  }
}

type Entry = readonly [string, StateValue];

/** The first key of which two sorted lists do not say the same; null when there is none. */
function firstDifference(have: readonly Entry[], want: readonly Entry[]): string | null {
  for (let row = 0; row < Math.max(have.length, want.length); row += 1) {
    const [a, b] = [have[row], want[row]];
    if (!a || !b || a[0] !== b[0]) return [a, b].flatMap((entry) => entry?.[0] ?? []).sort()[0] ?? null;
    if (!sameValue(a[1], b[1])) return a[0];
  }
  return null;
}

function sameValue(a: StateValue, b: StateValue): boolean {
  return (
    Buffer.compare(a.value, b.value) === 0 &&
    (a.policy === null ? b.policy === null : b.policy !== null && Buffer.compare(a.policy, b.policy) === 0) &&
    a.version.block === b.version.block &&
    a.version.transaction === b.version.transaction
  );
}

function stateDamaged(what: string, cause?: unknown): LedgerError {
  const message = `${STATE_FILE} ${what}; it can be deleted, and is then made anew from the blocks`;
  return new LedgerError('DAMAGED', message, undefined, { cause });
}
