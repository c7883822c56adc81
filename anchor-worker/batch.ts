import { encodeBase64url } from '@spondon/protocol/base64url';
import { ProtocolError } from '@spondon/protocol/error';
import { PACK_LIMITS, packStatements } from '@spondon/protocol/pack';
import { parseStatement, type SignedStatement, type Statement } from '@spondon/protocol/statement';
import type { LogStore } from './log/store.js';
import type { QueuedStatement } from './queue.js';

export const MAX_STATEMENTS = PACK_LIMITS.maxStatements;
/** Of proofs, as they travel: far below what the contract and the orderers take. */
const MAX_PROOF_BYTES = 4 * 1024 * 1024;

/** What becomes of queued rows. Those that it does not mention are left for a later batch. */
export interface Batch {
  /** To be appended. */
  readonly rows: readonly QueuedStatement[];
  /** Of the rows, in the same order. */
  readonly statements: readonly SignedStatement[];
  /** What `Append` takes; null when there are no rows. */
  readonly append: { readonly size: number; readonly packed: Uint8Array; readonly proofs: string } | null;
  readonly alreadyAnchored: readonly QueuedStatement[];
  /** The ledger would refuse them for ever. */
  readonly hopeless: readonly { row: QueuedStatement; code: string; message: string }[];
}

/** What planning asks of the log: as much as is known of it, at one moment. */
export type LogView = Pick<LogStore, 'head' | 'findByCode' | 'entry' | 'inclusionPath'>;

export interface PlanLimits {
  /** Statements in the batch, at most. */
  readonly most: number;
  /** Numbers of rows that stay where they are. */
  readonly skip: { has(seq: number): boolean };
}

/** What {@link select} works with. */
interface Selecting extends PlanLimits {
  /** Of the log that the batch is for. */
  readonly size: number;
  /** Whether that is the log as it is now. Otherwise nothing can be proved in it yet, and the first revocation ends the batch. */
  readonly isPresent: boolean;
}

/**
 * Plans one `Append` of the oldest queued rows, in order, to `mspId`'s log.
 *
 * No row is sent that the log holds already, and the batch is only good for the size at which that was looked up:
 * that is why nothing is ever anchored twice, whatever became of earlier attempts. A revocation needs a proof that its
 * issue is in the tree; while the issue itself is still queued, the revocation waits.
 */
export function planBatch(
  log: LogView,
  mspId: string,
  queued: readonly QueuedStatement[],
  limits: PlanLimits,
): Batch {
  const size = log.head(mspId)?.size ?? 0;
  return packed(select(log, mspId, queued, { ...limits, size, isPresent: true }), size);
}

/**
 * Plans the batch after one that is under way, for the log as that one will leave it. Null unless both are as most are
 * while many statements wait: full, the queue's oldest without a gap, and the next one of new issues alone. Anything else
 * is planned when the log is known, so that nothing waits longer for it, and a batch that is not full yet may still grow.
 *
 * What stands in the log by then is what was looked up, or in the batch under way, whose rows are others: the rule of
 * {@link planBatch} holds.
 */
export function planNext(
  log: LogView,
  mspId: string,
  underWay: Batch,
  queued: readonly QueuedStatement[],
  most: number,
): Batch | null {
  if (!underWay.append) return null;
  const size = underWay.append.size + underWay.rows.length;
  const selection = select(log, mspId, queued, { most, skip: new Set(), size, isPresent: false });
  return isPlain(selection, queued, most) ? packed(selection, size) : null;
}

/** Whether a batch is full, and takes the oldest of the queued rows without leaving one of them behind. */
export function isPlain(
  { rows }: Pick<Batch, 'rows'>,
  queued: readonly QueuedStatement[],
  most: number,
): boolean {
  return rows.length === most && rows.at(-1) === queued[most - 1];
}

interface Selection extends Pick<Batch, 'rows' | 'statements' | 'alreadyAnchored' | 'hopeless'> {
  readonly proofs: readonly string[];
}

function packed({ proofs, ...batch }: Selection, size: number): Batch {
  const { statements } = batch;
  if (statements.length === 0) return { ...batch, append: null };
  return { ...batch, append: { size, packed: packStatements(statements), proofs: `[${proofs.join(',')}]` } };
}

function select(
  log: LogView,
  mspId: string,
  queued: readonly QueuedStatement[],
  { most, skip, size, isPresent }: Selecting,
): Selection {
  const rows: QueuedStatement[] = [];
  const statements: SignedStatement[] = [];
  const proofs: string[] = [];
  const alreadyAnchored: QueuedStatement[] = [];
  const hopeless: Batch['hopeless'][number][] = [];
  const issuesAhead = new Set<string>();
  let [bytes, proofBytes] = [0, 0];
  for (const row of queued) {
    const signed = read(row.statement);
    if ('code' in signed) {
      hopeless.push({ row, ...signed });
      continue;
    }
    const { statement } = signed;
    if (statement.op === 'issue') issuesAhead.add(documentKey(statement));
    if (skip.has(row.seq)) continue;
    const anchored = log.findByCode(statement.jti).filter((entry) => entry.mspId === mspId);
    if (anchored.some((entry) => entry.signed.text === row.statement)) {
      alreadyAnchored.push(row);
      continue;
    }
    if (rows.length === most || bytes + row.statement.length > PACK_LIMITS.maxBytes) break;
    if (statement.op === 'revoke') {
      if (!isPresent) break;
      const issue = anchored.find((entry) => issues(entry.signed.statement, statement));
      if (!issue) {
        // Its issue was accepted before it: if it is neither anchored nor ahead in the queue, it was refused.
        if (!issuesAhead.has(documentKey(statement))) hopeless.push({ row, ...ISSUE_UNKNOWN });
        continue;
      }
      const proof = proofOf(log, mspId, { position: rows.length, index: issue.index, size });
      // One more for the comma or bracket before it, and one for the last bracket.
      if (proofBytes + proof.length + 2 > MAX_PROOF_BYTES) break;
      proofs.push(proof);
      proofBytes += proof.length + 1;
    }
    bytes += row.statement.length;
    rows.push(row);
    statements.push(signed);
  }
  return { rows, statements, proofs, alreadyAnchored, hopeless };
}

const ISSUE_UNKNOWN = { code: 'ISSUE_UNKNOWN', message: 'The document that this revokes is not in this log' };

/** The queue takes in nothing else than statements; one that cannot be read was damaged there. */
function read(text: string): SignedStatement | { readonly code: string; readonly message: string } {
  try {
    return parseStatement(text);
  } catch (error) {
    if (error instanceof ProtocolError) return { code: 'STATEMENT_INVALID', message: error.message };
    throw error;
  }
}

function issues(statement: Statement, { iss, jti }: Statement): boolean {
  return statement.op === 'issue' && statement.iss === iss && statement.jti === jti;
}

function proofOf(
  log: LogView,
  mspId: string,
  { position, index, size }: { position: number; index: number; size: number },
): string {
  const entry = encodeBase64url(log.entry(mspId, index));
  const path = log.inclusionPath(mspId, index, size).map(encodeBase64url);
  return JSON.stringify({ position, index, entry, path });
}

function documentKey({ iss, jti }: Statement): string {
  return `${iss}/${jti}`;
}
