import type { CellValue } from 'read-excel-file/universal';

/** A table that an office keeps of its applicants. */
export interface Sheet {
  readonly rows: readonly SheetRow[];
  /** Which columns were recognised, as they are headed. */
  readonly columns: Readonly<Partial<Record<Column, string>>>;
}

export type Column = 'code' | 'file' | 'name' | 'birthDate' | 'number';

/** Texts as they stand in the table, trimmed; empty where there is nothing. Dates of XLSX cells are `YYYY-MM-DD`. */
export interface SheetRow extends Readonly<Record<Column, string>> {
  /** From 1, the heading included, as table programs count. */
  readonly line: number;
}

/** A table without a column of codes or files, or that is none at all. */
export class SheetFault extends Error {
  override readonly name = 'SheetFault';
  constructor(
    readonly code: 'unreadable' | 'no-column',
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}

/** Headings in English and Bangla; the first column that fits is taken. */
const HEADINGS: Readonly<Record<Column, RegExp>> = {
  code: /^(?:(?:document|verification|spondon)?\s*(?:code|id)|qr|url|link|কোড)$/i,
  file: /^(?:file(?:\s*name)?|document|attachment|ফাইল)$/i,
  name: /^(?:(?:full|patient|applicant)?[’'s]*\s*name|নাম)$/i,
  birthDate: /^(?:(?:date\s*of\s*birth|birth\s*date|dob|born)|জন্ম\s*তারিখ)$/i,
  number: /^(?:(?:passport|document|id|nid)\s*(?:no\.?|number|#)|passport|id\s*last\s*4|পাসপোর্ট|পরিচয়পত্র)$/i,
};

/** @throws SheetFault */
export async function readSheet(file: File): Promise<Sheet> {
  return sheetOf(await readCells(file));
}

/**
 * The cells of a CSV file, or of the first sheet of an XLSX file.
 *
 * @throws SheetFault `unreadable`
 */
export function readCells(file: File): Promise<string[][]> {
  return (/\.csv$/i.test(file.name) ? readCsv(file) : readXlsx(file)).catch((cause: unknown) => {
    throw new SheetFault('unreadable', { cause });
  });
}

/** @throws SheetFault `no-column` */
export function sheetOf([headings = [], ...lines]: readonly (readonly string[])[]): Sheet {
  const places = Object.entries(HEADINGS).map(([column, pattern]) => {
    const at = headings.findIndex((heading) => pattern.test(heading.replace(/[_-]/g, ' ').trim()));
    return [column as Column, at] as const;
  });
  const found = places.filter(([, at]) => at >= 0);
  if (!found.some(([column]) => column === 'code' || column === 'file')) throw new SheetFault('no-column');
  const rows = lines.flatMap((cells, index) => {
    if (cells.every((cell) => cell === '')) return [];
    const values = places.map(([column, at]) => [column, cells[at] ?? '']);
    return [{ ...(Object.fromEntries(values) as Record<Column, string>), line: index + 2 }];
  });
  return {
    columns: Object.fromEntries(found.map(([column, at]) => [column, headings[at]])),
    rows,
  };
}

async function readCsv(file: File): Promise<string[][]> {
  const { parse } = await import('csv-parse/browser/esm/sync');
  const text = await file.text();
  // Where the comma is a decimal sign, table programs write semicolons.
  const [heading = ''] = text.split('\n', 1);
  const delimiter = [';', '\t'].find((sign) => heading.includes(sign)) ?? ',';
  return parse(text, { bom: true, delimiter, relaxColumnCount: true, trim: true });
}

async function readXlsx(file: File): Promise<string[][]> {
  const { readSheet: read } = await import('read-excel-file/universal');
  return (await read(file)).map((cells) => cells.map(textOf));
}

function textOf(cell: CellValue | null): string {
  if (cell instanceof Date) return cell.toISOString().slice(0, 10);
  return cell === null ? '' : String(cell).trim();
}
