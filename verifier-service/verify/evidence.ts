import { encodeBase64url } from '@spondon/protocol/base64url';
import { formatEvidence } from '@spondon/protocol/evidence/file';
import { judge } from '@spondon/protocol/verdict';
import type { Finding, Lookup } from '@spondon/protocol/verdict/finding';
import type { Ledger } from '@spondon/ledger/port';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import { ServiceError } from '../error.js';
import type { Finder } from './find.js';

export interface EvidenceDeps {
  readonly ledger: Pick<Ledger, 'attest' | 'channel'>;
  readonly log: Pick<LogStore, 'head' | 'entry' | 'inclusionPath'>;
  readonly finder: Pick<Finder, 'byCode' | 'byFile'>;
  readonly now: () => number;
}

/** The document that evidence is asked of. */
export type Asked = { readonly code: string } | { readonly sha256: Uint8Array };

/**
 * The evidence file of one anchored issue, the one that a verification of the same code or file answers with: its
 * entry, the path to a tree head, and that head, the document's status and its issuer as the organisations' peers hold
 * them now, signed by them. Throws `DOCUMENT_UNKNOWN`, `LEDGER_UNAVAILABLE`.
 */
export async function makeEvidence(deps: EvidenceDeps, asked: Asked): Promise<string> {
  const { ledger, log } = deps;
  const { iss, jti, mspId, index } = await findIssue(deps, asked);
  const head = log.head(mspId);
  if (!head || index >= head.size) throw unavailable();
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

async function findIssue({ finder, now }: EvidenceDeps, asked: Asked) {
  const lookup = 'code' in asked ? await finder.byCode(asked.code) : await finder.byFile(asked.sha256, []);
  if (lookup.state === 'unavailable') throw unavailable();
  const { record } = judge(questionOf(asked, lookup), { now: now() });
  if (record?.anchoring.state !== 'anchored') {
    const message =
      'No anchored document is known here under this; if it was issued just now, ask again in a moment';
    throw new ServiceError('DOCUMENT_UNKNOWN', message);
  }
  const { mspId, index } = record.anchoring;
  return { iss: record.statement.iss, jti: record.statement.jti, mspId, index };
}

function questionOf(asked: Asked, lookup: Lookup): Finding {
  if ('code' in asked) return { asked: 'code', claims: [], lookup };
  return { asked: 'file', sha256: encodeBase64url(asked.sha256), claims: [], lookup };
}

function unavailable(): ServiceError {
  return new ServiceError('LEDGER_UNAVAILABLE', 'The ledger cannot be read at the moment; try again');
}
