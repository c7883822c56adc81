import type { Check, CheckId, CheckState } from '@spondon/protocol/verdict/codes';
import type { NoteCode, Verdict } from '@spondon/protocol/verdict/summaries';
import { visibleText } from '@spondon/protocol/visible-text';
import type { RowFault } from '../bulk/run.js';
import type { SheetFault } from '../bulk/sheet.js';
import type { Answer } from '../check/answer.js';
import type { CameraFault } from '../read/camera.js';
import type { Gap } from '../read/reading.js';

/** Everything that the page says, in one language. `{names}` are filled in. */
export interface Words {
  readonly language: 'en' | 'bn';
  /** Of the other language, in that language. */
  readonly otherLanguage: string;
  readonly title: string;
  readonly lead: string;
  readonly skip: string;
  readonly genuineHosts: string;
  readonly wrongHost: string;
  /** In place of `genuineHosts` in a frame of another site's page, whose address bar says nothing of this one. */
  readonly framed: string;
  readonly openFull: string;

  readonly dropTitle: string;
  readonly dropHint: string;
  readonly dropNow: string;
  readonly chooseFile: string;
  readonly staysHere: string;
  readonly codeTitle: string;
  readonly scan: string;
  readonly codeLabel: string;
  readonly codeHint: string;
  readonly codeCheck: string;
  readonly codeMistyped: string;
  readonly codeSymbols: string;
  readonly codeComplete: string;
  readonly paperTitle: string;
  readonly paperSteps: readonly string[];

  readonly reading: string;
  readonly checking: string;
  readonly cancel: string;
  readonly again: string;

  /** In a word or two. Of a code or claims alone it never says that a document is genuine. */
  readonly verdict: (verdict: Verdict, asked: Answer['asked']) => string;
  readonly summary: (verdict: Verdict, asked: Answer['asked'], issuer: string | null) => string;
  /** In place of `{verdict}` and of the summary, when nobody could be asked what happened since `{date}`. */
  readonly asOf: string;
  readonly asOfSummary: string;
  /** In place of the step 'Status today'. */
  readonly statusThen: string;
  readonly otherEvidence: string;
  readonly stepsTitle: string;
  readonly steps: Readonly<Record<StepId, string>>;
  readonly states: Readonly<Record<StepState, string>>;
  readonly message: (check: Check) => string;
  readonly notes: Readonly<Record<NoteCode, string>>;
  readonly readWhole: string;
  /** Why not every page was searched for a code. */
  readonly gaps: Readonly<Record<Gap, string>>;
  readonly codesFound: string;
  /** Of more than one: `{count}`. */
  readonly severalCodesFound: string;
  /** In place of a gap's words: what was found is shown, whatever else there may be. */
  readonly codesFoundInPart: string;
  readonly noCodeFound: string;
  readonly foreignCode: string;

  readonly factsTitle: string;
  readonly factsHint: string;
  readonly noFacts: string;
  /** In place of `noFacts`, when a code's facts are not what a facility signed. */
  readonly factsNotSigned: string;
  /** Codes of several documents were found in one file. */
  readonly severalFacts: string;
  /** Beside the code of the one among them that the answer is about. */
  readonly answeredFacts: string;
  readonly fields: Readonly<Record<FieldName, string>>;
  readonly kinds: Readonly<Record<string, string>>;
  readonly issuedBy: string;
  readonly rests: Readonly<Record<'evidence' | 'owner' | 'service' | 'nothing', string>>;
  /** Owners of organisations, as the trust list names them. */
  readonly witnesses: (owners: readonly string[]) => string;
  readonly listAge: string;
  readonly listNever: string;
  readonly ages: Readonly<Record<'minutes' | 'hours' | 'day' | 'days', string>>;
  readonly sizes: Readonly<Record<'byte' | 'bytes' | 'kilobytes' | 'megabytes', string>>;
  readonly justNow: string;
  readonly saveEvidence: string;
  readonly report: ReportWords;
  readonly print: string;
  readonly yourselfTitle: string;
  readonly yourselfSteps: readonly string[];
  readonly yourselfHere: string;
  readonly checkedAt: string;

  readonly bulk: BulkWords;
  readonly panel: Readonly<
    Record<
      | 'title'
      | 'hint'
      | 'choose'
      | 'forget'
      | 'loaded'
      | 'unreadable'
      | 'centreOn'
      | 'centreOff'
      | 'physicianOn'
      | 'physicianOff'
      | 'physicianUnclear'
      | 'allOn'
      | 'notAllOn',
      string
    >
  >;
  readonly failures: Readonly<Record<FailureCode, string>>;
  readonly footer: string;
  readonly months: readonly string[];
  /** The ten digits, 0 first. */
  readonly digits: string;
  readonly camera: CameraWords;
}

export interface ReportWords {
  readonly save: string;
  readonly waiting: string;
  readonly unreachable: string;
}

export interface CameraWords {
  readonly title: string;
  readonly close: string;
  readonly opening: string;
  readonly hint: string;
  /** A code was read that is none of ours. */
  readonly other: string;
  readonly light: string;
  readonly which: string;
  /** A camera whose name the browser does not tell: `{number}`. */
  readonly unnamed: string;
  readonly photo: string;
  readonly sight: string;
  readonly faults: Readonly<Record<CameraFault, string>>;
}

export interface BulkWords {
  readonly title: string;
  readonly hint: string;
  readonly chooseFolder: string;
  readonly progress: string;
  readonly pause: string;
  readonly resume: string;
  readonly done: string;
  /** Instead of `done`, when `{count}` could not be checked. */
  readonly unanswered: string;
  readonly retry: string;
  readonly all: string;
  readonly filter: string;
  readonly columns: Readonly<
    Record<'document' | 'verdict' | 'issuer' | 'person' | 'identity' | 'panel' | 'registered', string>
  >;
  readonly states: Readonly<Record<'waiting' | 'working', string>>;
  readonly faults: Readonly<Record<RowFault, string>>;
  readonly identity: Readonly<Record<'not-checked' | 'same' | 'unclear' | 'different', string>>;
  readonly fields: Readonly<Record<'name' | 'birthDate' | 'number', string>>;
  readonly difference: string;
  readonly saveCsv: string;
  readonly saveEvidence: string;
  readonly saveReport: string;
  /** Of documents that could not be asked about: `{count}`. */
  readonly leftOut: string;
  readonly closed: string;
  readonly sheetFaults: Readonly<Record<SheetFault['code'], string>>;
  readonly sheetRead: string;
  readonly nothing: string;
  readonly previous: string;
  readonly next: string;
  readonly page: string;
  readonly sorted: string;
  readonly back: string;
  /** At the start, when there is a table to go back to. */
  readonly kept: string;
}

/** What is done for an answer, in this order: the file is read, then come the protocol's checks. */
export type StepId = 'read' | CheckId;
/** 'missing': nothing was found, which must not look like something false. */
export type StepState = CheckState | 'missing' | 'waiting' | 'running';

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
  | 'licence'
  | 'telephone'
  | 'documentId'
  | 'registered'
  | 'issued'
  | 'sha256';

/** What can go wrong before there is anything to check. */
export type FailureCode =
  'unreadable' | 'cut-link' | 'empty' | 'foreign-host' | 'not-a-code' | 'mistyped' | 'not-evidence' | 'bug';

/** Fills a sentence's blanks. */
export function fill(sentence: string, values: Readonly<Record<string, string>>): string {
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
}

/** An answer in a word or two, with its day when it is not today's. */
export function headlineOf({ verdict, asked, asOf }: Answer, words: Words): string {
  const said = words.verdict(verdict, asked);
  return asOf === null ? said : fill(words.asOf, { verdict: said, date: dayOf(asOf, words) });
}

/** With the language's own digits. Codes and hashes keep theirs: they are compared with what is printed. */
export function digitsOf(text: string, { digits }: Pick<Words, 'digits'>): string {
  return text.replace(/\d/g, (digit) => digits[Number(digit)] ?? digit);
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

/** '14 March 2026', UTC. `at`: Unix ms. */
export function dayOf(at: number, words: Pick<Words, 'digits' | 'months'>): string {
  return dateOf(new Date(at).toISOString().slice(0, 10), words);
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long ago something was, in the largest whole unit. */
export function ageOf(ms: number, words: Pick<Words, 'ages' | 'justNow' | 'digits'>): string {
  if (ms < MINUTE_MS) return words.justNow;
  const [unit, size] =
    ms < HOUR_MS
      ? (['minutes', MINUTE_MS] as const)
      : ms < DAY_MS
        ? (['hours', HOUR_MS] as const)
        : ([ms < 2 * DAY_MS ? 'day' : 'days', DAY_MS] as const);
  return fill(words.ages[unit], { count: digitsOf(String(Math.floor(ms / size)), words) });
}

/** A file's name as its sender wrote it, all of it, with signs that cannot be seen spelt out. */
export function plainName(name: string): string {
  return visibleText(name);
}

/** '1.4 MB'. */
export function sizeOf(bytes: number, words: Pick<Words, 'sizes' | 'digits'>): string {
  const [unit, count] =
    bytes < 1000
      ? ([bytes === 1 ? 'byte' : 'bytes', String(bytes)] as const)
      : bytes < 999_500
        ? (['kilobytes', (bytes / 1000).toFixed(0)] as const)
        : (['megabytes', (bytes / 1e6).toFixed(1)] as const);
  return fill(words.sizes[unit], { count: digitsOf(count, words) });
}
