import type { Finding, FoundClaims, FoundRecord } from './finding.js';
import { signatureCheck, type JudgingTime } from './record-checks.js';

/** Which of the records found is the answer, and what the others are to it. */
export interface Selection {
  readonly record: FoundRecord | null;
  /** The file asked about is the one that `record` vouches for. */
  readonly sameFile: boolean;
  /** Claims were found that are not `record`'s, though they name its document or stand in its file. */
  readonly contradicted: boolean;
  /** Records whose issuers signed claims that were found. */
  readonly vouchers: readonly FoundRecord[];
  readonly others: readonly OtherRecord[];
}

export interface OtherRecord {
  readonly record: FoundRecord;
  /**
   * 'same-file': another statement about the same bytes; 'conflict': another document under the same code;
   * 'repeated': the same again; 'not-signed': bears no valid signature of its issuer; 'other-code': the document of
   * another code in the same file.
   */
  readonly mark: 'same-file' | 'conflict' | 'repeated' | 'not-signed' | 'other-code';
}

/** Whether these claims are the ones that the record vouches for. */
export function agrees(claims: FoundClaims, { statement }: FoundRecord): boolean {
  return claims.iss === statement.iss && claims.jti === statement.jti && claims.hash === statement.claims;
}

function names(claims: FoundClaims, { statement }: FoundRecord): boolean {
  return claims.iss === statement.iss && claims.jti === statement.jti;
}

/** The contract does not verify signatures of issues, so anybody who anchors can put a worthless one in front. */
function isSigned(record: FoundRecord, time: JudgingTime): boolean {
  return signatureCheck(record, time).state !== 'failed';
}

/** First anchored first, what is pending after that. */
function inOrder(records: readonly FoundRecord[]): readonly FoundRecord[] {
  if (records.length < 2) return records;
  const rank = ({ anchoring }: FoundRecord): number => (anchoring.state === 'anchored' ? 0 : 1);
  const moment = ({ anchoring }: FoundRecord): number =>
    anchoring.state === 'anchored' ? anchoring.at : anchoring.acceptedAt;
  const place = ({ anchoring }: FoundRecord): number =>
    anchoring.state === 'anchored' ? anchoring.index : 0;
  return records.toSorted((a, b) => rank(a) - rank(b) || moment(a) - moment(b) || place(a) - place(b));
}

function markOf(other: FoundRecord, record: FoundRecord, time: JudgingTime): OtherRecord['mark'] {
  if (!isSigned(other, time)) return 'not-signed';
  const [a, b] = [other.statement, record.statement];
  if (a.iss === b.iss && a.jti === b.jti && a.sha256 === b.sha256 && a.claims === b.claims) return 'repeated';
  return a.jti === b.jti ? 'conflict' : 'same-file';
}

function selected(
  record: FoundRecord,
  among: readonly FoundRecord[],
  rest: Pick<Selection, 'sameFile' | 'contradicted' | 'vouchers'>,
  time: JudgingTime,
): Selection {
  const others = among.filter((other) => other !== record);
  return {
    record,
    ...rest,
    others: others.map((other) => ({ record: other, mark: markOf(other, record, time) })),
  };
}

/**
 * Records that the question itself picks out, by hash or by code. Among several, the one that the claims found
 * with it name is meant: somebody who anchors the same bytes earlier must not turn an honest file into a
 * contradiction. All claims have to be that record's.
 */
function picked(
  records: readonly FoundRecord[],
  { asked, claims }: Finding,
  time: JudgingTime,
): Selection | null {
  const signed = records.filter((record) => isSigned(record, time));
  const named = signed.find((record) => claims.every((found) => agrees(found, record)));
  const record = named ?? signed[0] ?? records[0];
  if (record === undefined) return null;
  const contradicted = !claims.every((found) => agrees(found, record));
  return selected(record, records, { sameFile: asked === 'file', contradicted, vouchers: [record] }, time);
}

/**
 * Records that only the claims lead to. Claims that match are answered, each by its own record, as a scan may
 * show several documents; a known code with other claims contradicts what is anchored.
 */
function byClaims(records: readonly FoundRecord[], { claims }: Finding, time: JudgingTime): Selection | null {
  const vouchers: FoundRecord[] = [];
  const answers: Selection[] = [];
  for (const found of claims) {
    const named = records.filter((record) => names(found, record));
    const signed = named.filter((record) => isSigned(record, time));
    const first = signed[0] ?? named[0];
    if (first === undefined) continue;
    const agreeing = signed.find((record) => agrees(found, record));
    const rest = { sameFile: false, contradicted: agreeing === undefined, vouchers };
    if (agreeing === undefined) return selected(first, named, rest, time);
    vouchers.push(agreeing);
    answers.push(selected(agreeing, named, rest, time));
  }
  // Several sheets in one file: none of them may hide that another one was withdrawn.
  const answer = answers.find(({ record }) => record !== null && isWithdrawn(record)) ?? answers[0];
  if (answer === undefined) return null;
  const elsewhere = vouchers
    .filter((record) => record !== answer.record && record.statement.jti !== answer.record?.statement.jti)
    .map((record) => ({ record, mark: 'other-code' as const }));
  return { ...answer, others: [...answer.others, ...elsewhere] };
}

function isWithdrawn({ status, pendingRevocation }: FoundRecord): boolean {
  const revoked = status.state === 'known' && status.status !== null && status.status.annulled === undefined;
  return revoked || pendingRevocation !== undefined;
}

export const NOTHING_SELECTED: Selection = {
  record: null,
  sameFile: false,
  contradicted: false,
  vouchers: [],
  others: [],
};

export function select(finding: Finding, records: readonly FoundRecord[], time: JudgingTime): Selection {
  const ordered = inOrder(records);
  const matching = ordered.filter(
    ({ statement }) =>
      finding.asked === 'code' || (finding.asked === 'file' && statement.sha256 === finding.sha256),
  );
  return picked(matching, finding, time) ?? byClaims(ordered, finding, time) ?? NOTHING_SELECTED;
}
