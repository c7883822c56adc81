import { formatEvidence } from '@spondon/protocol/evidence/file';
import type { FoundRecord } from '@spondon/protocol/verdict/finding';
import type { Ledger } from '@spondon/ledger/port';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import { ServiceError } from '../error.js';
import { ask, type AskDeps, type Asked } from './ask.js';

export interface EvidenceDeps extends AskDeps {
  readonly ledger: Pick<Ledger, 'attest' | 'channel'>;
  readonly log: Pick<LogStore, 'head' | 'entry' | 'inclusionPath'>;
}

/**
 * The evidence file of the anchored issue that a verification of the same code or file answers with. Throws
 * `DOCUMENT_UNKNOWN`, `LEDGER_UNAVAILABLE`.
 */
export async function makeEvidence(deps: EvidenceDeps, asked: Asked): Promise<string> {
  const { record, verdict } = await ask(deps, asked);
  const evidence = record && (await evidenceOf(deps, record));
  if (evidence !== null) return evidence;
  if (verdict === 'unavailable') throw unavailable();
  const message =
    'No anchored document is known here under this; if it was issued just now, ask again in a moment';
  throw new ServiceError('DOCUMENT_UNKNOWN', message);
}

/**
 * The evidence file of one issue: its entry, the path to a tree head, and that head, the document's status and its issuer
 * as the organisations' peers hold them now, signed by them. Null while it is not anchored. Throws `LEDGER_UNAVAILABLE`.
 */
export async function evidenceOf(
  { ledger, log }: EvidenceDeps,
  { statement: { iss, jti }, anchoring }: FoundRecord,
): Promise<string | null> {
  if (anchoring.state !== 'anchored') return null;
  const { mspId, index } = anchoring;
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

function unavailable(): ServiceError {
  return new ServiceError('LEDGER_UNAVAILABLE', 'The ledger cannot be read at the moment; try again');
}
