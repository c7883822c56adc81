import { encodeBase64url } from '@spondon/protocol/base64url';
import { packStatements } from '@spondon/protocol/pack';
import { parseStatement, type SignedStatement } from '@spondon/protocol/statement';
import type { LogStore } from './log/store.js';
import type { QueueRow } from './queue.js';

export const MAX_STATEMENTS = 4096;
const MAX_BYTES = 2 * 1024 * 1024;

/** What becomes of queued rows: appended now, already on the ledger, left for a later batch, or beyond help. */
export interface Batch {
  /** In the order of `statements`. */
  readonly rows: readonly QueueRow[];
  readonly args: readonly (string | Uint8Array)[];
  readonly alreadyAnchored: readonly QueueRow[];
  readonly hopeless: readonly { row: QueueRow; code: string; message: string }[];
}

/**
 * Plans one `Append` of queued rows to `mspId`'s log at its present size. Rows up to `unsureUpTo` may have reached
 * the ledger in an attempt whose outcome is not known, and are looked up. A revocation needs a proof that its issue
 * is in the tree; while the issue itself is still queued, the revocation waits.
 */
export function planBatch(store: LogStore, mspId: string, queued: readonly QueueRow[], unsureUpTo: number): Batch {
  const size = store.head(mspId)?.size ?? 0;
  const rows: QueueRow[] = [];
  const statements: SignedStatement[] = [];
  const proofs: object[] = [];
  const alreadyAnchored: QueueRow[] = [];
  const hopeless: Batch['hopeless'][number][] = [];
  const issuedHere = new Set<string>();
  let bytes = 0;
  for (const row of queued) {
    if (row.seq <= unsureUpTo && isAnchored(store, row)) {
      alreadyAnchored.push(row);
      continue;
    }
    bytes += row.statement.length;
    if (rows.length === MAX_STATEMENTS || bytes > MAX_BYTES) break;
    if (row.op === 'revoke') {
      const proof = inclusionOfIssue(store, mspId, row, size);
      if (!proof) {
        const message = 'The document that this revokes is not in this log';
        // Its issue was accepted before it: if it is neither anchored nor ahead in the queue, it was refused.
        if (!issuedHere.has(documentKey(row))) hopeless.push({ row, code: 'ISSUE_UNKNOWN', message });
        continue;
      }
      proofs.push({ position: rows.length, ...proof });
    } else {
      issuedHere.add(documentKey(row));
    }
    rows.push(row);
    statements.push(parseStatement(row.statement));
  }
  const args = rows.length === 0 ? [] : [String(size), packStatements(statements), JSON.stringify(proofs)];
  return { rows, args, alreadyAnchored, hopeless };
}

function isAnchored(store: LogStore, row: QueueRow): boolean {
  return store.findByCode(row.jti).some(({ signed }) => signed.text === row.statement);
}

function inclusionOfIssue(store: LogStore, mspId: string, { iss, jti }: QueueRow, size: number): object | null {
  const issue = store
    .findByCode(jti)
    .find(({ mspId: log, signed: { statement } }) => log === mspId && statement.iss === iss && statement.op === 'issue');
  if (!issue) return null;
  return {
    index: issue.index,
    entry: encodeBase64url(store.entry(mspId, issue.index)),
    path: store.inclusionPath(mspId, issue.index, size).map(encodeBase64url),
  };
}

function documentKey({ iss, jti }: QueueRow): string {
  return `${iss}/${jti}`;
}
