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
  const { size, statements, proofs, ...batch } = select(log, mspId, queued, limits);
  if (statements.length === 0) return { ...batch, statements, append: null };
  return {
    ...batch,
    statements,
    append: { size, packed: packStatements(statements), proofs: `[${proofs.join(',')}]` },
  };
}

interface Selection extends Pick<Batch, 'rows' | 'statements' | 'alreadyAnchored' | 'hopeless'> {
  readonly size: number;
  readonly proofs: readonly string[];
}

function select(
  log: LogView,
  mspId: string,
  queued: readonly QueuedStatement[],
  limits: PlanLimits,
): Selection {
  const size = log.head(mspId)?.size ?? 0;
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
    if (limits.skip.has(row.seq)) continue;
    const anchored = log.findByCode(statement.jti).filter((entry) => entry.mspId === mspId);
    if (anchored.some((entry) => entry.signed.text === row.statement)) {
      alreadyAnchored.push(row);
      continue;
    }
    if (rows.length === limits.most || bytes + row.statement.length > PACK_LIMITS.maxBytes) break;
    if (statement.op === 'revoke') {
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
  return { rows, statements, size, proofs, alreadyAnchored, hopeless };
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
