import { toHex } from '@spondon/protocol/bytes';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { EVIDENCE_MEDIA_TYPE } from '@spondon/protocol/evidence/file';
import type { Judgement } from '@spondon/protocol/verdict';
import { ServiceError } from '../error.js';
import { describeJudgement } from '../verify/answer.js';
import { ask, type Asked } from '../verify/ask.js';
import { type EvidenceDeps, evidenceOf } from '../verify/evidence.js';
import { inTurns } from '../verify/in-turns.js';
import { type ReportSigner, validityOf } from './certificate.js';
import { signatureRoom, signedData } from './cms.js';
import type { Attachment, ReportItem } from './contents.js';
import { fillInSignature } from './signature.js';
import type { TypesetJob } from './typesetter.js';
import type { Language } from './words.js';

export interface ReportDeps {
  readonly evidence: EvidenceDeps;
  /** The present trust bundle: its text, and the fingerprint that people compare. */
  readonly trust: () => Promise<{ readonly text: string; readonly fingerprint: string }>;
  /** Typesets in a thread. The key is not handed to it. */
  readonly typeset: (job: TypesetJob) => Promise<Uint8Array>;
  readonly signer: ReportSigner;
  /** Of the portal, such as https://verify.example.gov.bd. */
  readonly origin: string;
  readonly now: () => number;
}

export interface ReportRequest {
  readonly language: Language;
  readonly items: readonly RequestedItem[];
}

export interface RequestedItem {
  readonly asked: Asked;
  /** The visitor's word, which the report tells as such. */
  readonly fileName?: string | undefined;
  readonly fileSize?: number | undefined;
}

/** An item that was looked up, with the evidence of its document. */
interface Found extends RequestedItem {
  readonly judgement: Judgement;
  readonly evidence: string | null;
}

const TRUST_NAME = 'trust.json';

/**
 * The signed report of what is known of one document or of several, looked up now: a PDF that has their evidence in it.
 * There is no report without a signature. Throws `REPORT_NOT_SIGNED`, `LEDGER_UNAVAILABLE`, `OVERLOADED`,
 * `PROCESSING_TIMEOUT`, `PROCESSING_FAILED`.
 */
export async function makeReport(deps: ReportDeps, { language, items }: ReportRequest): Promise<Uint8Array> {
  const { signer, origin, now } = deps;
  // What was found is known to have stood at this moment: a document that is not withdrawn later was not before.
  const at = now();
  assertInForce(signer, at);
  const found = await inTurns(items, (item) => lookUp(deps, item));
  const evidence = attachmentsFor(found);
  const trust = await deps.trust();
  const job: TypesetJob = {
    contents: {
      language,
      origin,
      at,
      items: found.map((item): ReportItem => ({
        asked: describeAsked(item.asked),
        answer: describeJudgement(item.judgement),
        evidence: item.evidence === null ? null : (evidence.get(item.evidence)?.name ?? null),
        ...(item.fileName === undefined ? {} : { fileName: item.fileName }),
        ...(item.fileSize === undefined ? {} : { fileSize: item.fileSize }),
      })),
      trust: { name: TRUST_NAME, fingerprint: trust.fingerprint },
    },
    attachments: evidence.size === 0 ? [] : [...evidence.values(), trustAttachment(trust.text)],
    signature: { at: now(), size: signatureRoom(signer) },
  };
  const pdf = await deps.typeset(job);
  try {
    fillInSignature(pdf, (data) => signedData(data, signer));
  } catch (cause) {
    throw new ServiceError('REPORT_NOT_SIGNED', 'The report could not be signed; tell the operator', {
      cause,
    });
  }
  return pdf;
}

async function lookUp({ evidence: deps }: ReportDeps, item: RequestedItem): Promise<Found> {
  const judgement = await ask(deps, item.asked);
  // Of the very record that the answer is about.
  const evidence = judgement.record && (await evidenceOf(deps, judgement.record));
  return { ...item, judgement, evidence };
}

/** Each evidence file once, by its text; named for its document. */
function attachmentsFor(found: readonly Found[]): Map<string, Attachment> {
  const attachments = new Map<string, Attachment>();
  const names = new Set<string>();
  for (const { judgement, evidence } of found) {
    if (evidence === null || !judgement.record || attachments.has(evidence)) continue;
    const code = formatDocumentId(judgement.record.statement.jti);
    let name = `${code}.json`;
    // Several facilities may use one code; and the same document, asked about twice, has newer evidence the second time.
    for (let n = 2; names.has(name); n += 1) name = `${code}-${n}.json`;
    names.add(name);
    const description = `Evidence of document ${code}`;
    attachments.set(evidence, { name, description, mediaType: EVIDENCE_MEDIA_TYPE, text: evidence });
  }
  return attachments;
}

function trustAttachment(text: string): Attachment {
  return { name: TRUST_NAME, description: 'Trust bundle', mediaType: 'application/jose+json', text };
}

function describeAsked(asked: Asked): ReportItem['asked'] {
  return 'code' in asked
    ? { by: 'code', code: formatDocumentId(asked.code) }
    : { by: 'file', sha256: toHex(asked.sha256) };
}

function assertInForce(signer: ReportSigner, at: number): void {
  const { from, to } = validityOf(signer);
  if (at >= from && at <= to) return;
  const when = at < from ? 'is not valid yet' : 'has ended';
  throw new ServiceError('REPORT_NOT_SIGNED', `The certificate for reports ${when}; tell the operator`);
}
