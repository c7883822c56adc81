import { formatDocumentId } from '@spondon/protocol/document-id';
import type { Row } from './run.js';

/** Headings stay the same in every language: programs read them. */
const HEADINGS = [
  'document',
  'verdict',
  'code',
  'kind',
  'issuer',
  'issuer_id',
  'registered_utc',
  'name',
  'birth_date',
  'identity',
  'differences',
  'sha256',
  'fault',
  'checked_utc',
  'checked_at',
];

/** RFC 4180, with a byte order mark, without which table programs misread Bangla. */
export function csvOf(rows: readonly Row[], host: string): string {
  const lines = [HEADINGS, ...rows.map((row) => cellsOf(row, host))];
  return `\uFEFF${lines.map((cells) => cells.map(quoted).join(',')).join('\r\n')}\r\n`;
}

function cellsOf(row: Row, host: string): string[] {
  const answer = row.outcome?.answer;
  const record = answer?.document;
  const [claims] = answer?.facts ?? [];
  return [
    row.name,
    answer?.verdict ?? '',
    record ? formatDocumentId(record.documentId) : '',
    record?.kind ?? '',
    record?.issuer ?? '',
    record?.issuerId ?? '',
    isoOf(record?.anchoredAt),
    claims?.subject.name ?? '',
    claims?.subject.birthDate ?? '',
    identityOf(row),
    row.comparisons
      .filter(({ agreement }) => agreement !== 'same')
      .map(({ field, expected, signed }) => `${field}: ${expected} / ${signed}`)
      .join('; '),
    record?.sha256 ?? '',
    row.fault ?? '',
    isoOf(answer?.checkedAt),
    host,
  ];
}

/** Whether the person was compared with the table: never by a code alone. */
export function identityOf({
  comparisons,
}: Pick<Row, 'comparisons'>): 'not-checked' | 'same' | 'unclear' | 'different' {
  if (comparisons.length === 0) return 'not-checked';
  if (comparisons.some(({ agreement }) => agreement === 'different')) return 'different';
  return comparisons.some(({ agreement }) => agreement === 'unclear') ? 'unclear' : 'same';
}

function isoOf(at: number | null | undefined): string {
  return at === null || at === undefined ? '' : new Date(at).toISOString();
}

/** A table program runs what begins like a formula, and names come from strangers. */
function quoted(cell: string): string {
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Every evidence file that was checked, in one ZIP. */
export async function evidenceZip(rows: readonly Row[]): Promise<Blob> {
  const { BlobWriter, configure, TextReader, ZipWriter } = await import('@zip.js/zip.js');
  configure({ useWebWorkers: false });
  const zip = new ZipWriter(new BlobWriter('application/zip'));
  const added = new Set<string>();
  for (const { outcome } of rows) {
    const answer = outcome?.answer;
    if (!answer?.evidence || !answer.document) continue;
    const name = `${formatDocumentId(answer.document.documentId)}.evidence.json`;
    if (added.has(name)) continue;
    added.add(name);
    await zip.add(name, new TextReader(answer.evidence));
  }
  return zip.close();
}
