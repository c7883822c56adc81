import { HEADINGS_WITHIN } from '../bulk/sheet.js';
import type { Answer } from '../check/answer.js';

/** Physicians and centres from whom an embassy accepts examinations, as its officer loaded them. */
export interface PanelList {
  /** Of the file. */
  readonly name: string;
  /** Unix ms. */
  readonly loadedAt: number;
  /** Names, licence numbers and issuer ids, each in its one comparable spelling. Null when no column holds any. */
  readonly centres: readonly string[] | null;
  /** Registration numbers, likewise. */
  readonly physicians: readonly string[] | null;
}

/** Where the browser keeps it. */
export interface PanelStore {
  load(): Promise<PanelList | null>;
  save(list: PanelList | null): Promise<void>;
}

/** Cells that say nothing about anybody, such as 'no' or '12'. */
const LEAST_LENGTH = 3;

/**
 * The list out of a table's cells, by the headings of its columns in English or Bangla. Null when no heading tells of
 * centres or of physicians' registration numbers, or nothing stands below it.
 */
export function panelListOf(
  name: string,
  cells: readonly (readonly string[])[],
  now: number,
): PanelList | null {
  const at = cells
    .slice(0, HEADINGS_WITHIN)
    .findIndex((row) => row.some((cell) => listedUnder(cell) !== null));
  const headings = cells[at]?.map(listedUnder) ?? [];
  const entriesOf = (kind: Listed): string[] | null => {
    const entries = cells
      .slice(at + 1)
      .flatMap((row) => row.filter((_, column) => headings[column] === kind));
    const told = new Set(entries.map(comparable).filter((entry) => entry.length >= LEAST_LENGTH));
    return told.size === 0 ? null : [...told];
  };
  const list = { name, loadedAt: now, centres: entriesOf('centres'), physicians: entriesOf('physicians') };
  return list.centres || list.physicians ? list : null;
}

type Listed = 'centres' | 'physicians';

const PERSON = /physician|doctor|চিকিৎসক|ডাক্তার/i;
const NUMBER = /regist|reg\b|licen[cs]e|number|\bno\b|\bid\b|bmdc|নিবন্ধন|নম্বর/i;
const CENTRE =
  /cent(?:re|er)|facilit|hospital|clinic|laborator|diagnostic|institut|licen[cs]e|issuer|কেন্দ্র|প্রতিষ্ঠান|হাসপাতাল|ক্লিনিক|লাইসেন্স/i;

/** A physician counts by registration number: names are shared by many. */
function listedUnder(heading: string): Listed | null {
  if (PERSON.test(heading)) return NUMBER.test(heading) ? 'physicians' : null;
  if (CENTRE.test(heading)) return 'centres';
  return /regist|reg\b|bmdc|নিবন্ধন/i.test(heading) ? 'physicians' : null;
}

/** Null for whom the list does not tell of, or the document does not name. */
export interface OnPanel {
  readonly centre: boolean | null;
  /** Unclear: the list has the same digits, written otherwise. */
  readonly physician: boolean | 'unclear' | null;
}

/** Null when there is nobody to look for. */
export function onPanel(
  { document: record, facts: [claims] }: Answer,
  { centres, physicians }: PanelList,
): OnPanel | null {
  if (record === null) return null;
  const spelt = [record.issuerId, record.issuer, record.licence].map((text) => comparable(text ?? ''));
  const number = claims?.kind === 'certificate' ? comparable(claims.facts.registrationNumber) : null;
  return {
    centre: centres && spelt.some((text) => text !== '' && centres.includes(text)),
    physician: physicians && number !== null ? isListed(number, physicians) : null,
  };
}

function isListed(number: string, listed: readonly string[]): boolean | 'unclear' {
  if (listed.includes(number)) return true;
  const digits = digitsIn(number);
  return digits !== '' && listed.some((one) => digitsIn(one) === digits) ? 'unclear' : false;
}

function digitsIn(number: string): string {
  return number.replace(/\D/g, '').replace(/^0+/, '');
}

function comparable(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}
