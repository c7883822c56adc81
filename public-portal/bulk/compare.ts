import type { Claims } from '@spondon/protocol/claims';
import type { SheetRow } from './sheet.js';

/** How an office's table and what a facility signed agree about a person. */
export type Agreement = 'same' | 'unclear' | 'different';

export interface Comparison {
  readonly field: 'name' | 'birthDate' | 'number';
  /** In the table, as it stands there. */
  readonly expected: string;
  /** As signed. */
  readonly signed: string;
  readonly agreement: Agreement;
}

/** Of every column that the table fills and the claims state. 'unclear' is for a person to judge. */
export function compare(row: SheetRow, { subject }: Claims): Comparison[] {
  const comparisons: Comparison[] = [];
  const add = (
    field: Comparison['field'],
    signed: string | undefined,
    agree: (a: string, b: string) => Agreement,
  ): void => {
    const expected = row[field];
    if (expected === '' || signed === undefined) return;
    comparisons.push({ field, expected, signed, agreement: agree(expected, signed) });
  };
  add('name', subject.name, names);
  add('birthDate', subject.birthDate, dates);
  add('number', subject.idLast4, numbers);
  return comparisons;
}

/** The same words in another order, or one of them missing, are often the same person, and not for us to say. */
function names(expected: string, signed: string): Agreement {
  const [a, b] = [wordsOf(expected), wordsOf(signed)];
  if (a.join(' ') === b.join(' ')) return 'same';
  const [fewer, more] = a.length < b.length ? [a, b] : [b, a];
  return fewer.length > 1 && fewer.every((word) => more.includes(word)) ? 'unclear' : 'different';
}

function wordsOf(name: string): string[] {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word !== '');
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Figures alone may be read two ways: then it is the same or unclear, as a table's habit is not known. */
function dates(expected: string, signed: string): Agreement {
  const readings = readingsOf(expected);
  if (!readings.includes(signed)) return 'different';
  return readings.length === 1 ? 'same' : 'unclear';
}

function readingsOf(text: string): string[] {
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})/.exec(text);
  if (iso) return [isoOf(iso[1], iso[2], iso[3])];
  const named = /^(\d{1,2})[\s.-]*(\p{L}{3})\p{L}*[\s.,-]*(\d{4})$/u.exec(text);
  if (named) return [isoOf(named[3], String(MONTHS.indexOf((named[2] ?? '').toLowerCase()) + 1), named[1])];
  const figures = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$/.exec(text);
  if (!figures) return [];
  const [, first = '', second = '', year] = figures;
  const dayFirst = isoOf(year, second, first);
  const monthFirst = isoOf(year, first, second);
  if (Number(first) > 12 || first === second) return [dayFirst];
  return Number(second) > 12 ? [monthFirst] : [dayFirst, monthFirst];
}

function isoOf(year = '', month = '', day = ''): string {
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

function numbers(expected: string, signed: string): Agreement {
  const signs = expected.toUpperCase().replace(/[^0-9A-Z]/g, '');
  return signs.endsWith(signed) ? 'same' : 'different';
}
