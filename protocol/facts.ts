import { civilToMs } from './civil-time.js';
import { ProtocolError } from './error.js';
import { membersOf } from './members.js';
import type { DocumentKind } from './statement.js';

/**
 * Whom a document is about and the few facts that matter for its kind: what its QR code says, under long
 * names for programs and one-letter names for the paper.
 *
 * Texts are NFC, trimmed, of 1 to 120 characters, without control characters, line breaks and the
 * characters that reorder what surrounds them (a name must read the same for everybody).
 */

export interface Subject {
  /** As printed on the document. */
  readonly name: string;
  /** The subject's, `YYYY-MM-DD`. */
  readonly birthDate: string;
  /** Last four of the passport or ID number, digits and capital letters. */
  readonly idLast4?: string;
}

export interface CertificateFacts {
  readonly purpose: string;
  readonly result: string;
  /** `YYYY-MM-DD` */
  readonly validUntil: string;
  readonly physician: string;
  readonly registrationNumber: string;
}

export interface ReportFacts {
  readonly test: string;
  /** `YYYY-MM-DD` */
  readonly specimenDate: string;
  readonly result: string;
}

export interface PrescriptionFacts {
  readonly prescriber: string;
  /** With strengths, as many as there is space for. */
  readonly drugs: readonly string[];
  /** How many items the prescription has, listed in `drugs` or not; 1 to 99. */
  readonly items: number;
}

export interface SlipFacts {
  /** Two decimals and an ISO 4217 code: `1250.00 BDT`. */
  readonly amount: string;
  /** `YYYY-MM-DD` */
  readonly date: string;
}

export interface FactsByKind {
  readonly certificate: CertificateFacts;
  readonly report: ReportFacts;
  readonly prescription: PrescriptionFacts;
  readonly slip: SlipFacts;
}

const MAX_TEXT_CHARACTERS = 120;
const MAX_ITEMS = 99;

// Control characters, line and paragraph separators, lone surrogates, bidirectional embeddings, overrides
// and isolates, and the byte order mark. Joiners (U+200C, U+200D) stay: Bangla is spelt with them.
const FORBIDDEN =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}\p{Cn}\p{Co}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd\u{e0000}-\u{e007f}]/u;
/** A text that shows nothing is none. */
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
/** Fillers and blanks that count as letters and draw nothing. */
const BLANK = /[\u115f\u1160\u2800\u3164\uffa0]/u;

function isUnprintable(text: string): boolean {
  return FORBIDDEN.test(text) || BLANK.test(text);
}

/** Whether a text shows something, and has no character that hides or reorders what is shown. */
export function isPrintable(text: string): boolean {
  return VISIBLE.test(text) && !isUnprintable(text);
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError('CLAIMS', what);
}

/** Returns the value when it is sound, with the member's name for the message. */
type Check = (value: unknown, name: string) => unknown;

const text: Check = (value, name) => {
  check(typeof value === 'string', `${name} is not a text`);
  check(value === value.trim().normalize('NFC'), `${name} is not in NFC or has outer spaces`);
  check(!isUnprintable(value), `${name} has a character that cannot be printed`);
  check(VISIBLE.test(value), `${name} shows nothing`);
  // One entry per code point.
  const { length } = Array.from(value);
  check(length >= 1 && length <= MAX_TEXT_CHARACTERS, `${name} is empty or longer than 120 characters`);
  return value;
};

const date: Check = (value, name) => {
  const parts = typeof value === 'string' ? /^([1-9]\d{3})-(\d{2})-(\d{2})$/.exec(value) : null;
  const [, year, month, day] = parts ?? [];
  const exists = civilToMs(Number(year), Number(month), Number(day), 0, 0, 0) !== null;
  check(exists, `${name} is not a date like 2026-07-31`);
  return value;
};

const amount: Check = (value, name) => {
  const sound = typeof value === 'string' && /^(?:0|[1-9]\d{0,11})\.\d{2} [A-Z]{3}$/.test(value);
  check(sound, `${name} is not an amount like 1250.00 BDT`);
  return value;
};

const lastFour: Check = (value, name) => {
  check(
    typeof value === 'string' && /^[0-9A-Z]{4}$/.test(value),
    `${name} is not four digits or capital letters`,
  );
  return value;
};

const texts: Check = (value, name) => {
  check(Array.isArray(value) && value.length <= MAX_ITEMS, `${name} is not a list of texts`);
  return (value as unknown[]).map((item) => text(item, name));
};

const itemCount: Check = (value, name) => {
  const sound = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_ITEMS;
  check(sound, `${name} is not a number from 1 to 99`);
  return value;
};

/** Long name, short name and check of each member. */
type Table = readonly (readonly [long: string, short: string, check: Check, optional?: 'optional'])[];

const SUBJECT: Table = [
  ['name', 'n', text],
  ['birthDate', 'b', date],
  ['idLast4', 'd', lastFour, 'optional'],
];

const FACTS: Readonly<Record<DocumentKind, Table>> = {
  certificate: [
    ['purpose', 'p', text],
    ['result', 'r', text],
    ['validUntil', 'v', date],
    ['physician', 'd', text],
    ['registrationNumber', 'g', text],
  ],
  report: [
    ['test', 't', text],
    ['specimenDate', 'd', date],
    ['result', 'r', text],
  ],
  prescription: [
    ['prescriber', 'd', text],
    ['drugs', 'm', texts],
    ['items', 'n', itemCount],
  ],
  slip: [
    ['amount', 'a', amount],
    ['date', 'd', date],
  ],
};

/** The same members under their other names, each checked. */
function rename(value: unknown, table: Table, to: 'long' | 'short'): Record<string, unknown> {
  const rows = table.map(([long, short, sound, optional]) => ({
    from: to === 'short' ? long : short,
    to: to === 'short' ? short : long,
    long,
    sound,
    optional: optional === 'optional',
  }));
  const required = rows.filter((row) => !row.optional).map((row) => row.from);
  const optional = rows.filter((row) => row.optional).map((row) => row.from);
  const members = membersOf(value, required, optional, 'CLAIMS');
  const present = rows.filter((row) => members[row.from] !== undefined);
  return Object.fromEntries(present.map((row) => [row.to, row.sound(members[row.from], row.long)]));
}

function renameFacts(kind: DocumentKind, facts: unknown, to: 'long' | 'short'): Record<string, unknown> {
  const renamed = rename(facts, FACTS[kind], to);
  const [drugs, items] = to === 'long' ? [renamed.drugs, renamed.items] : [renamed.m, renamed.n];
  const listed = Array.isArray(drugs) ? drugs.length : 0;
  check(kind !== 'prescription' || listed <= Number(items), 'more drugs than items');
  return renamed;
}

/** NFC and trimmed, throughout a JSON value: what people type is brought into form before it is checked. */
function tidy(value: unknown): unknown {
  if (typeof value === 'string') return value.trim().normalize('NFC');
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, tidy(member)]));
}

/** One-letter form, texts brought into NFC and trimmed. @throws ProtocolError `CLAIMS` */
export function shortSubject(subject: Subject): Record<string, unknown> {
  return rename(tidy(subject), SUBJECT, 'short');
}

/** Reverse of {@link shortSubject}; nothing is tidied: one spelling. @throws ProtocolError `CLAIMS` */
export function longSubject(short: unknown): Subject {
  return rename(short, SUBJECT, 'long') as unknown as Subject;
}

/** One-letter form, texts brought into NFC and trimmed. @throws ProtocolError `CLAIMS` */
export function shortFacts<K extends DocumentKind>(kind: K, facts: FactsByKind[K]): Record<string, unknown> {
  return renameFacts(kind, tidy(facts), 'short');
}

/** Reverse of {@link shortFacts}; nothing is tidied: one spelling. @throws ProtocolError `CLAIMS` */
export function longFacts(kind: DocumentKind, short: unknown): FactsByKind[DocumentKind] {
  return renameFacts(kind, short, 'long') as unknown as FactsByKind[DocumentKind];
}
