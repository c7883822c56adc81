import { decodeBase64url } from '@spondon/protocol/base64url';
import { toHex } from '@spondon/protocol/bytes';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { judge, type Judgement } from '@spondon/protocol/verdict';
import type { Finding, FoundRecord } from '@spondon/protocol/verdict/finding';
import type { OtherRecord } from '@spondon/protocol/verdict/selection';
import type { JudgingTime } from '@spondon/protocol/verdict/record-checks';

/** The answer to a verification, as the API gives it. Times are ISO 8601. */
export function describeJudgement(judgement: Judgement) {
  const { verdict, summary, checks, notes, record, others } = judgement;
  return {
    verdict,
    summary,
    checks: [...checks],
    notes: [...notes],
    ...(record ? { document: describeRecord(record) } : {}),
    ...(others.length === 0
      ? {}
      : { others: others.map(({ record: other, mark }) => ({ mark, ...describeRecord(other) })) }),
  };
}

/** What a further record is to the one that the answer is about. */
export const MARK_WORDS: Readonly<Record<OtherRecord['mark'], string>> = {
  'same-file': 'vouches for the same file',
  conflict: 'another document under this code',
  repeated: 'the same once more',
  'not-signed': 'bears no valid signature',
  'other-code': 'of another code in the file',
};

export function answer(finding: Finding, time: JudgingTime) {
  return describeJudgement(judge(finding, time));
}

export type Answer = ReturnType<typeof answer>;

function describeRecord(record: FoundRecord) {
  const { statement, issuer, anchoring, status } = record;
  const revoked = status.state === 'known' && status.status?.annulled === undefined ? status.status : null;
  return {
    documentId: formatDocumentId(statement.jti),
    kind: statement.kind,
    sha256: toHex(decodeBase64url(statement.sha256)),
    issuer: {
      issuerId: statement.iss,
      name: issuer?.name ?? null,
      kind: issuer?.kind ?? null,
      licence: issuer?.licence ?? null,
      telephone: issuer?.telephone ?? null,
      state: issuer?.state ?? null,
    },
    issuedAt: iso(statement.iat * 1000),
    ...(statement.exp === undefined ? {} : { expiresAt: iso(statement.exp * 1000) }),
    ...(anchoring.state === 'anchored'
      ? {
          state: 'anchored' as const,
          anchoredAt: iso(anchoring.at),
          log: anchoring.mspId,
          index: anchoring.index,
        }
      : { state: 'pending' as const, acceptedAt: iso(anchoring.acceptedAt) }),
    ...(revoked
      ? {
          revocation: {
            reason: revoked.reason,
            at: iso(revoked.at),
            ...(revoked.by === undefined ? {} : { by: formatDocumentId(revoked.by) }),
          },
        }
      : {}),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
