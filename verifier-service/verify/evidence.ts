import { formatDocumentId } from '@spondon/protocol/document-id';
import { formatEvidence } from '@spondon/protocol/evidence';
import type { Ledger } from '@spondon/ledger/port';
import type { Anchored, LogStore } from '@spondon/anchor-worker/log/store';
import { ServiceError } from '../error.js';

export interface EvidenceDeps {
  readonly ledger: Pick<Ledger, 'attest' | 'channel'>;
  readonly log: Pick<LogStore, 'findByCode' | 'findByHash' | 'head' | 'entry' | 'inclusionPath'>;
}

/**
 * The evidence file of one anchored issue: its entry, the path to a tree head, and that head, the document's status
 * and its issuer as the organisations' peers hold them now, signed by them.
 */
export async function makeEvidence({ ledger, log }: EvidenceDeps, issue: Anchored): Promise<string> {
  const { mspId, index, signed } = issue;
  const { iss, jti } = signed.statement;
  const head = log.head(mspId);
  if (!head || index >= head.size) throw notAnchored(jti);
  const request = { heads: [{ mspId, n: head.n }], documents: [{ iss, jti }], issuers: [iss] };
  const attestation = await ledger.attest(JSON.stringify(request));
  return formatEvidence({
    channel: ledger.channel,
    mspId,
    entry: log.entry(mspId, index),
    index,
    size: head.size,
    path: log.inclusionPath(mspId, index, head.size),
    attestation,
  });
}

/** The issue that a code means: the first anchored under it. Throws `DOCUMENT_UNKNOWN`. */
export function issueByCode({ log }: EvidenceDeps, jti: string): Anchored {
  const issue = log.findByCode(jti).find(({ signed }) => signed.statement.op === 'issue');
  if (!issue) throw notAnchored(jti);
  return issue;
}

/** The first anchored issue of a file. Throws `DOCUMENT_UNKNOWN`. */
export function issueByHash({ log }: EvidenceDeps, sha256: Uint8Array): Anchored {
  const [issue] = log.findByHash(sha256);
  if (!issue) throw new ServiceError('DOCUMENT_UNKNOWN', 'No anchored document has this hash, so there is no evidence of it');
  return issue;
}

function notAnchored(jti: string): ServiceError {
  const message = `No document ${formatDocumentId(jti)} is anchored; if it was issued just now, ask again in a moment`;
  return new ServiceError('DOCUMENT_UNKNOWN', message);
}
