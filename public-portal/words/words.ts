import type { CheckCode, CheckId, CheckState } from '@spondon/protocol/verdict/codes';
import type { NoteCode, Verdict } from '@spondon/protocol/verdict/summaries';
import type { Question } from '../check/check.js';

/** Everything that the page says, in one language. `{names}` are filled in. */
export interface Words {
  readonly language: 'en' | 'bn';
  /** Of this language, in this language. */
  readonly name: string;
  readonly title: string;
  readonly lead: string;
  readonly switchTo: string;
  readonly skip: string;

  readonly dropTitle: string;
  readonly dropHint: string;
  readonly chooseFile: string;
  readonly dropNow: string;
  readonly staysHere: string;
  readonly codeTitle: string;
  readonly codeLabel: string;
  readonly codeHint: string;
  readonly codeCheck: string;
  readonly codeMistyped: string;
  readonly codeIncomplete: string;
  readonly paperTitle: string;
  readonly paperHint: string;

  readonly reading: string;
  readonly checking: string;
  readonly again: string;
  readonly cancel: string;

  readonly verdicts: Readonly<Record<Verdict, string>>;
  readonly summaries: Readonly<Record<Verdict, string | Readonly<Record<Question['asked'], string>>>>;
  readonly theFacility: string;
  readonly checks: Readonly<Record<CheckId, string>>;
  readonly states: Readonly<Record<CheckState, string>>;
  readonly messages: Readonly<Record<CheckCode, string>>;
  readonly notes: Readonly<Record<NoteCode, string>>;
  readonly steps: string;

  readonly factsTitle: string;
  readonly factsHint: string;
  readonly fields: Readonly<Record<FieldName, string>>;
  readonly kinds: Readonly<Record<string, string>>;
  readonly issuedBy: string;
  readonly document: string;
  readonly rests: Readonly<Record<'evidence' | 'service' | 'nothing', string>>;
  readonly saveEvidence: string;
  readonly yourself: string;
  readonly yourselfHint: string;

  readonly failures: Readonly<Record<FailureCode, string>>;
  readonly host: string;
  readonly trustAge: string;
  readonly trustNever: string;
  readonly months: readonly string[];
  /** The ten digits, 0 first. */
  readonly digits: string;
}

export type FieldName =
  | 'name'
  | 'birthDate'
  | 'idLast4'
  | 'purpose'
  | 'result'
  | 'validUntil'
  | 'physician'
  | 'registrationNumber'
  | 'test'
  | 'specimenDate'
  | 'prescriber'
  | 'drugs'
  | 'items'
  | 'amount'
  | 'date'
  | 'kind'
  | 'issuer'
  | 'licence'
  | 'telephone'
  | 'documentId'
  | 'registered'
  | 'issued'
  | 'sha256'
  | 'file'
  | 'size';

/** What can go wrong before there is anything to check. */
export type FailureCode = 'unreadable' | 'empty' | 'not-evidence' | 'foreign-host' | 'not-a-code' | 'bug';

/** Fills a sentence's blanks. */
export function fill(sentence: string, values: Readonly<Record<string, string>>): string {
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

/** With the language's own digits. Codes and hashes keep theirs: they are compared with what is printed. */
export function digitsOf(text: string, { digits }: Pick<Words, 'digits'>): string {
  return digits === '0123456789' ? text : text.replace(/\d/g, (digit) => digits[Number(digit)] ?? digit);
}

/** '14 March 2026' of `YYYY-MM-DD`: a date that cannot be read two ways. */
export function dateOf(iso: string, words: Pick<Words, 'digits' | 'months'>): string {
  const [year = '', month = '', day = ''] = iso.split('-');
  const name = words.months[Number(month) - 1] ?? month;
  return digitsOf(`${Number(day)} ${name} ${year}`, words);
}

/** '14 March 2026, 09:05 UTC'. `at`: Unix ms. */
export function momentOf(at: number, words: Pick<Words, 'digits' | 'months'>): string {
  const iso = new Date(at).toISOString();
  return `${dateOf(iso.slice(0, 10), words)}, ${digitsOf(iso.slice(11, 16), words)} UTC`;
}
