import { toHex } from '@spondon/protocol/bytes';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { EVIDENCE_MEDIA_TYPE } from '@spondon/protocol/evidence/file';
import type { Judgement } from '@spondon/protocol/verdict';
import type { FoundRecord } from '@spondon/protocol/verdict/finding';
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

const TRUST_NAME = 'trust.json';

/**
 * The signed report of what is known of one document or of several, looked up now: a PDF that has their evidence in it.
 * There is no report without a signature. Throws `REPORT_NOT_SIGNED`, `LEDGER_UNAVAILABLE`, `OVERLOADED`,
 * `PROCESSING_TIMEOUT`, `PROCESSING_FAILED`.
 */
export async function makeReport(deps: ReportDeps, { language, items }: ReportRequest): Promise<Uint8Array> {
  const { signer, origin, now } = deps;
  // The time of checking: nothing is looked up earlier.
  const at = now();
  assertInForce(signer, at);
  const found = await inTurns(items, async (item) => ({
    ...item,
    judgement: await ask(deps.evidence, item.asked),
  }));
  const evidence = await makeAttachments(
    deps.evidence,
    found.flatMap(({ judgement }) => judgement.record ?? []),
  );
  const trust = await deps.trust();
  const job: TypesetJob = {
    contents: {
      language,
      origin,
      at,
      items: found.map((item) => describeItem(item, evidence)),
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

/** The evidence of each anchored record once, as a file named for its document; by the record's key. */
async function makeAttachments(
  deps: EvidenceDeps,
  found: readonly FoundRecord[],
): Promise<ReadonlyMap<string, Attachment>> {
  const records = new Map(found.map((record) => [keyOf(record), record]));
  const made = await inTurns([...records], async ([key, record]) => {
    return { key, record, text: await evidenceOf(deps, record) };
  });
  const attachments = new Map<string, Attachment>();
  const names = new Set<string>();
  for (const { key, record, text } of made) {
    if (text === null) continue;
    const code = formatDocumentId(record.statement.jti);
    let name = `${code}.json`;
    // Two facilities may have used one code.
    for (let n = 2; names.has(name); n += 1) name = `${code}-${n}.json`;
    names.add(name);
    const description = `Evidence of document ${code}`;
    attachments.set(key, { name, description, mediaType: EVIDENCE_MEDIA_TYPE, text });
  }
  return attachments;
}

function keyOf({ statement: { iss, jti }, anchoring }: FoundRecord): string {
  const place = anchoring.state === 'anchored' ? `${anchoring.mspId}/${anchoring.index}` : 'pending';
  return `${iss}/${jti}/${place}`;
}

interface Found extends RequestedItem {
  readonly judgement: Judgement;
}

function describeItem(
  { asked, fileName, fileSize, judgement }: Found,
  evidence: ReadonlyMap<string, Attachment>,
): ReportItem {
  const { record } = judgement;
  return {
    asked:
      'code' in asked
        ? { by: 'code', code: formatDocumentId(asked.code) }
        : { by: 'file', sha256: toHex(asked.sha256) },
    answer: describeJudgement(judgement),
    evidence: (record && evidence.get(keyOf(record))?.name) ?? null,
    ...(fileName === undefined ? {} : { fileName }),
    ...(fileSize === undefined ? {} : { fileSize }),
  };
}

function trustAttachment(text: string): Attachment {
  return { name: TRUST_NAME, description: 'Trust bundle', mediaType: 'application/jose+json', text };
}

function assertInForce(signer: ReportSigner, at: number): void {
  const { from, to } = validityOf(signer);
  if (at >= from && at <= to) return;
  const when = at < from ? 'is not valid yet' : 'has ended';
  throw new ServiceError('REPORT_NOT_SIGNED', `The certificate for reports ${when}; tell the operator`);
}
