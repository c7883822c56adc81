import { decodeEnvelope } from '../envelope.js';
import { openBlock, type RawBlock } from '../block.js';
import { LedgerError } from '../port.js';
import { decodeReadWriteSet, type ReadWriteSet } from '../rwset.js';
import { damagedAt, type BlockFile, type StoredBlock } from './block-file.js';
import { effectsOf } from './committer.js';
import type { SnapshotLock } from './snapshot-lock.js';
import type { BlockEffects, State } from './state.js';

/** What opening a ledger, or its block file again after a failed write, found and did; for the log. */
export type Notice =
  /** The write of a block was cut short. Nobody was told that it succeeded; it is gone. */
  | { readonly event: 'tail-cut'; readonly block: number; readonly offset: number; readonly bytes: number }
  /** The state was behind the block file and has been brought up. `to` is the height. */
  | { readonly event: 'replayed'; readonly from: number; readonly to: number }
  /** The state could not be opened and is rebuilt from the blocks. */
  | { readonly event: 'state-discarded'; readonly reason: string };

export interface RecoveryParts {
  readonly file: BlockFile;
  readonly state: State;
  /** Keeps simulations apart from what is applied. */
  readonly lock: SnapshotLock;
  readonly chaincode: string;
  readonly notice: (notice: Notice) => void;
}

/** While replaying, blocks of about this size together are applied in one commit of the state. */
const REPLAY_BYTES = 8 * 1024 * 1024;

/**
 * Brings a state up to its block file and finds the place for the next block.
 *
 * Of the blocks that the state knows only the last is checked. Those after it are read and checked one by one. A write
 * that was cut short at the very end is cut off: the state is applied after a block's flush and before anybody is told,
 * so what the state has not seen was never acknowledged. What is kept of it is written once more and flushed, since an
 * earlier flush may have failed; so the same holds at a start and, within a process, after a write that failed.
 *
 * @throws LedgerError `DAMAGED` for anything else that is not as it was written
 */
export async function recover(parts: RecoveryParts): Promise<void> {
  const { file, state, notice } = parts;
  await checkLastApplied(file, state);
  const from = state.position.height;
  const tail = await replay(parts);
  if (tail) {
    const { height: block, end: offset } = state.position;
    await file.cut(offset);
    notice({ event: 'tail-cut', block, offset, bytes: tail.length });
  }
  const { height: to, end } = state.position;
  if (to > from) notice({ event: 'replayed', from, to });
  file.startAt(end);
}

async function checkLastApplied(file: BlockFile, state: State): Promise<void> {
  const { height, end, hash } = state.position;
  if (height === 0) return;
  const number = height - 1;
  const offset = state.offsetOf(number);
  if (offset === undefined) throw new LedgerError('DAMAGED', `the state's index lacks block ${number}`);
  const size = await file.size();
  if (size < end) {
    const what = `the file has ${size} bytes, and had ${end} when this block was committed`;
    throw damagedAt(number, offset, what);
  }
  const stored = await file.read(number, offset);
  const same = stored.end === end && Buffer.from(hash).equals(openStored(stored).hash);
  if (!same) throw damagedAt(number, offset, 'it is not the block that was committed');
}

async function replay({
  file,
  state,
  lock,
  chaincode,
}: RecoveryParts): Promise<{ readonly length: number } | null> {
  const apply = (blocks: readonly BlockEffects[]) => lock.exclusive(() => state.apply(blocks));
  let batch: BlockEffects[] = [];
  let last: StoredBlock | null = null;
  let { height, end, hash } = state.position;
  for (;;) {
    const found = await file.find(height, end);
    if (found.kind !== 'block') {
      // The last one may be in the page cache alone. Blocks before it were flushed before it was written.
      if (last) await file.settle(last);
      await apply(batch);
      return found.kind === 'interrupted' ? found : null;
    }
    if (end - state.position.end > REPLAY_BYTES) {
      await apply(batch);
      batch = [];
    }
    last = found.block;
    const block = openStored(last, hash);
    batch.push(effectsOfStored(last, block, chaincode));
    ({ height, end, hash } = { height: height + 1, end: last.end, hash: block.hash });
  }
}

/** Opens a block of the file. @throws LedgerError `DAMAGED` with its place, also unless it follows `previousHash` */
export function openStored({ number, offset, bytes }: StoredBlock, previousHash?: Uint8Array): RawBlock {
  let block: RawBlock;
  try {
    block = openBlock(bytes);
  } catch (error) {
    throw located(error, number, offset);
  }
  if (block.number !== number) throw damagedAt(number, offset, `its header says ${block.number}`);
  if (previousHash && !Buffer.from(previousHash).equals(block.previousHash)) {
    throw damagedAt(number, offset, 'it does not follow the block before it (previous hash)');
  }
  return block;
}

function effectsOfStored(
  { number, offset, end }: StoredBlock,
  block: RawBlock,
  chaincode: string,
): BlockEffects {
  try {
    const sets = block.envelopes.map((envelope) => ({ set: readWriteSetOf(envelope, chaincode) }));
    return { number, offset, end, hash: block.hash, effects: effectsOf(sets, block.flags) };
  } catch (error) {
    throw located(error, number, offset);
  }
}

function readWriteSetOf(envelope: Uint8Array, chaincode: string): ReadWriteSet {
  const transaction = decodeEnvelope(envelope);
  if (!transaction) throw new LedgerError('DAMAGED', 'an envelope that is no transaction');
  return decodeReadWriteSet(transaction.results, chaincode);
}

/** Says where in the file it was that something could not be read. */
export function located(error: unknown, number: number, offset: number): unknown {
  if (!(error instanceof LedgerError)) return error;
  return damagedAt(number, offset, error.message, error.cause);
}
