import type { Finding } from './finding.js';

export const VERDICTS = [
  'valid',
  'pending',
  'revoked',
  'superseded',
  'expired',
  'not-original',
  'altered',
  'conflict',
  'not-found',
  'unavailable',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A fact to be told beside the verdict, which does not change it. */
export type NoteCode = 'issuer-suspended' | 'single-owner' | 'attestation-stale' | 'waiting-unknown';

export const noteMessages = {
  'issuer-suspended':
    'The facility has been suspended by the health authorities since it issued this. What it issued before still stands.',
  'single-owner': 'A single owner keeps this register: no independent organisation confirms what it says.',
  'attestation-stale':
    'This evidence is not fresh: a withdrawal made after it would not show. Check online for the present state.',
  'waiting-unknown':
    'This is what the ledger holds. Whether the facility has handed in a withdrawal that is not registered yet could not be looked up just now.',
} as const satisfies Record<NoteCode, string>;

type Sentences = string | Readonly<Record<Finding['asked'], string>>;

/** The verdict in one sentence, and what to do next. A code or a QR alone never says 'this document is genuine'. */
export const verdictSummaries = {
  valid: {
    file: 'Genuine: this is exactly the file that {issuer} issued, and it has not been withdrawn.',
    code: '{issuer} registered a document under this code and has not withdrawn it. The sheet or file itself was not checked: compare its facts, or check the file.',
    claims:
      'These facts were signed by {issuer}, and have not been withdrawn. The sheet itself was not checked: compare every fact on it with these.',
  },
  pending: '{issuer} has handed it in, but it is not registered yet. Check again before you rely on it.',
  revoked: '{issuer} has withdrawn it. Do not rely on it.',
  superseded: '{issuer} has replaced it by a newer document. Ask for that one.',
  expired: 'It was genuine, but its validity has ended. Ask for a newer one.',
  'not-original':
    'Its code is genuine, but this is not the original file: it may be a scan, a photo, a re-saved or an edited copy. Compare every fact with those registered, or ask for the original file.',
  altered:
    'It contradicts what is registered, or its signature is wrong. Do not rely on it; ask the facility it names.',
  conflict:
    'Several documents are registered under this code. The earliest is shown; check which facility the paper names, or ask for the original file.',
  'not-found':
    'It cannot be confirmed: no record of it was found. It may have been scanned, re-saved, edited or never registered. Ask for the original file, or ask the facility it names.',
  unavailable: 'It could not be checked completely. This says nothing against it: see below what is missing.',
} as const satisfies Record<Verdict, Sentences>;

export function summaryOf(verdict: Verdict, asked: Finding['asked'], issuer: string): string {
  const sentences: Sentences = verdictSummaries[verdict];
  return (typeof sentences === 'string' ? sentences : sentences[asked]).replaceAll('{issuer}', () => issuer);
}
