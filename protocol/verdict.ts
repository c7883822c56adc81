import type { Issuer } from './records.js';
import { worstClaimsCheck } from './verdict/claims-check.js';
import { checkOf, type Check, type CheckCode } from './verdict/codes.js';
import type { Finding, FoundRecord, Lookup } from './verdict/finding.js';
import {
  anchorCheck,
  issuerCheck,
  issuerName,
  signatureCheck,
  statusCheck,
  type JudgingTime,
} from './verdict/record-checks.js';
import { NOTHING_SELECTED, select, type OtherRecord, type Selection } from './verdict/selection.js';
import { noteMessages, summaryOf, type NoteCode, type Verdict } from './verdict/summaries.js';

/**
 * From facts to a verdict: one pure function for the service, the command line and the browser, so that the same
 * facts never get two answers.
 */

export interface Judgement {
  readonly verdict: Verdict;
  /** The verdict in one sentence for people. */
  readonly summary: string;
  /** In the order of file, record, signature, issuer, anchor, status, claims; claims only where some were found. */
  readonly checks: readonly Check[];
  readonly notes: readonly { readonly code: NoteCode; readonly message: string }[];
  /** The record that the verdict is about. For `altered` the one that is contradicted; null when there is none. */
  readonly record: FoundRecord | null;
  /** What else was found, first anchored first. */
  readonly others: readonly OtherRecord[];
}

/** After this long without a limit of the asker's own, a verdict says that its evidence is not fresh. */
const STALE_AFTER_MS = 24 * 60 * 60 * 1000;

/** Claims checks that contradict what is registered or signed, as against those that merely confirm nothing. */
const CONTRADICTIONS: readonly CheckCode[] = [
  'claims-contradict',
  'claims-signature-invalid',
  'claims-key-compromised',
];

type RecordChecks = readonly [record: Check, signature: Check, issuer: Check, anchor: Check, status: Check];

/** What is to be said of a record by itself, whatever was asked. */
export function checkRecord(record: FoundRecord, time: JudgingTime): RecordChecks {
  return [
    checkOf('record-found', { issuer: issuerName(record) }),
    signatureCheck(record, time),
    issuerCheck(record.issuer),
    anchorCheck(record, time),
    statusCheck(record, time),
  ];
}

/** The checks where there is no record to make them on. */
export function checksWithoutRecord(recordCheck: Check, anchor: Check, issuer: Issuer | null): RecordChecks {
  return [
    recordCheck,
    checkOf('signature-not-checked', {}),
    issuer === null ? checkOf('issuer-not-checked', {}) : issuerCheck(issuer),
    anchor,
    checkOf('status-not-checked', {}),
  ];
}

/** Whoever provably signed claims that were found. */
function claimsIssuer({ claims }: Finding): Issuer | null {
  for (const { signer } of claims) if (signer.state === 'known' && signer.good) return signer.issuer;
  return null;
}

function absentChecks(finding: Finding): readonly Check[] {
  const { lookup } = finding;
  if (lookup.state === 'unproven') return lookup.checks;
  const issuer = claimsIssuer(finding);
  if (lookup.state === 'unavailable') {
    return checksWithoutRecord(checkOf('record-not-checked', {}), checkOf('anchor-not-checked', {}), issuer);
  }
  const code = lookup.source === 'evidence' ? 'evidence-other-document' : 'record-not-found';
  return checksWithoutRecord(checkOf(code, {}), checkOf('anchor-missing', {}), issuer);
}

function fileCheck({ asked }: Finding, { record, sameFile }: Selection): Check {
  if (asked !== 'file') return checkOf('file-not-seen', {});
  if (record === null) return checkOf('file-not-compared', {});
  return checkOf(sameFile ? 'file-matches' : 'file-differs', { issuer: issuerName(record) });
}

function isConflict({ asked }: Finding, { others }: Selection): boolean {
  return asked === 'code' && others.some(({ mark }) => mark === 'conflict');
}

function presentChecks(
  finding: Finding,
  record: FoundRecord,
  selection: Selection,
  time: JudgingTime,
): Check[] {
  const [found, ...checks] = checkRecord(record, time);
  const several = checkOf('record-several', { issuer: issuerName(record) });
  return [isConflict(finding, selection) ? several : found, ...checks];
}

/** The verdict is the first of these that applies. */
function verdictOf(finding: Finding, selection: Selection, checks: readonly Check[]): Verdict {
  const has = (...codes: CheckCode[]): boolean => checks.some(({ code }) => codes.includes(code));
  const isUnavailable = (id: Check['id']): boolean =>
    checks.some((check) => check.id === id && check.state === 'unavailable');
  // A wrong signature shows without any record: an outage cannot excuse it.
  if (has(...CONTRADICTIONS)) return 'altered';
  if (finding.lookup.state !== 'answered') return 'unavailable';
  if (checks.some(({ id, state }) => id === 'signature' && state === 'failed')) return 'altered';
  if (selection.record === null) return 'not-found';
  if (has('superseded', 'supersession-pending')) return 'superseded';
  if (has('revoked-error', 'revoked-fraud', 'revoked-withdrawn', 'revocation-pending')) return 'revoked';
  if (has('anchor-pending', 'anchor-overdue')) return 'pending';
  if (has('expired')) return 'expired';
  if (isUnavailable('signature') || isUnavailable('issuer') || isUnavailable('status')) return 'unavailable';
  if (isConflict(finding, selection)) return 'conflict';
  // Of several codes found together, one that nothing confirms leaves the whole unconfirmed.
  if (has('claims-unregistered', 'claims-key-unknown')) return 'not-found';
  if (isUnavailable('claims')) return 'unavailable';
  return has('file-differs') ? 'not-original' : 'valid';
}

function noteCodes(
  lookup: Lookup,
  record: FoundRecord | null,
  { now, maxStatusAge = STALE_AFTER_MS }: JudgingTime,
): NoteCode[] {
  if (record === null) return [];
  const { issuer, singleOwner, anchoring, status } = record;
  const attested = anchoring.state === 'anchored' && anchoring.attested !== undefined;
  const notes: NoteCode[] = [];
  if (issuer?.state === 'suspended') notes.push('issuer-suspended');
  if (singleOwner) notes.push('single-owner');
  if (attested && status.state === 'known' && now - status.asOf > maxStatusAge)
    notes.push('attestation-stale');
  if (lookup.state === 'answered' && lookup.waitingUnknown) notes.push('waiting-unknown');
  return notes;
}

/** Draws the verdict. Pure and total: hostile facts get an unfriendly verdict, never an exception. */
export function judge(finding: Finding, time: JudgingTime): Judgement {
  const { lookup, asked } = finding;
  const selection = lookup.state === 'answered' ? select(finding, lookup.records, time) : NOTHING_SELECTED;
  const { record, others } = selection;
  const recordChecks =
    record === null ? absentChecks(finding) : presentChecks(finding, record, selection, time);
  const claimsCheck = worstClaimsCheck(finding, selection, time);
  const checks = [
    fileCheck(finding, selection),
    ...recordChecks,
    ...(claimsCheck === null ? [] : [claimsCheck]),
  ];
  const verdict = verdictOf(finding, selection, checks);
  return {
    verdict,
    summary: summaryOf(verdict, asked, record === null ? 'the facility' : issuerName(record)),
    checks,
    notes: noteCodes(lookup, record, time).map((code) => ({ code, message: noteMessages[code] })),
    record,
    others,
  };
}
