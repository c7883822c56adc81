import { MVCC_READ_CONFLICT, openBlock, VALID } from '../block.js';
import { decodeEnvelope } from '../envelope.js';
import { decodeReadWriteSet, type ReadWriteSet } from '../rwset.js';

/**
 * Whether a transaction that failed its endorsement policy lost a race: one before it in the same block gives a key that
 * it writes, too, another policy. Committers then reject it before they look at versions, whoever endorsed it. The first
 * appends to a log are such: each gives a new head its policy.
 *
 * `block` is `common.Block` bytes.
 */
export function lostToPolicyChange(block: Uint8Array, transactionId: string, chaincode: string): boolean {
  const { envelopes, flags } = openBlock(block);
  const given = new Set<string>();
  for (const [index, bytes] of envelopes.entries()) {
    const flag = flags[index];
    const passed = flag === VALID || flag === MVCC_READ_CONFLICT;
    const transaction = passed || mayBe(bytes, transactionId) ? decodeEnvelope(bytes) : null;
    if (!transaction) continue;
    const set = decodeReadWriteSet(transaction.results, chaincode);
    if (transaction.id === transactionId) return keysOf(set).some((key) => given.has(key));
    if (passed) for (const { key } of set.policies) given.add(key);
  }
  return false;
}

/** Spares reading what others had ordered and committers rejected: it may be anything. */
function mayBe(envelope: Uint8Array, transactionId: string): boolean {
  return Buffer.from(envelope.buffer, envelope.byteOffset, envelope.length).includes(transactionId);
}

function keysOf({ writes, policies }: ReadWriteSet): readonly string[] {
  return [...writes, ...policies].map(({ key }) => key);
}
