import { formatDocumentId } from '@spondon/protocol/document-id';
import { MAX_REPORTED, type Reported, type Service } from '../check/service.js';
import { onPanel, type PanelList } from '../panel/panel-list.js';
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
  'centre_on_list',
  'physician_on_list',
  'differences',
  'sha256',
  'fault',
  'checked_utc',
  'as_of_utc',
  'checked_at',
];

/** RFC 4180, with a byte order mark, without which table programs misread Bangla. */
export function csvOf(rows: readonly Row[], host: string, panel: PanelList | null): string {
  const lines = [HEADINGS, ...rows.map((row) => cellsOf(row, host, panel))];
  return `\uFEFF${lines.map((cells) => cells.map(quoted).join(',')).join('\r\n')}\r\n`;
}

function cellsOf(row: Row, host: string, panel: PanelList | null): string[] {
  const answer = row.outcome?.answer;
  const record = answer?.document;
  const [claims] = answer?.facts ?? [];
  const listed = answer && panel && onPanel(answer, panel);
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
    yesOrNo(listed?.centre),
    yesOrNo(listed?.physician),
    row.comparisons
      .filter(({ agreement }) => agreement !== 'same')
      .map(({ field, expected, signed }) => `${field}: ${expected} / ${signed}`)
      .join('; '),
    record?.sha256 ?? '',
    row.fault ?? (row.outcome ? '' : 'not-checked-yet'),
    isoOf(answer?.checkedAt),
    isoOf(answer?.asOf),
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

/** Empty for what was not looked for. */
function yesOrNo(is: boolean | 'unclear' | null | undefined): string {
  if (is === null || is === undefined) return '';
  if (is === 'unclear') return is;
  return is ? 'yes' : 'no';
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
export function evidenceZip(rows: readonly Row[]): Promise<Blob> {
  const files = new Map<string, Blob>();
  for (const { outcome } of rows) {
    const answer = outcome?.answer;
    if (!answer?.evidence || !answer.document) continue;
    files.set(`${formatDocumentId(answer.document.documentId)}.evidence.json`, new Blob([answer.evidence]));
  }
  return zipOf(files);
}

/** Rows that a report can be about: of the others nothing could be asked. */
export function reportedOf(rows: readonly Row[]): Reported[] {
  return rows.flatMap(({ outcome }) => outcome?.reported ?? []);
}

/** One signed report as a PDF, or, of more than fit in one, several in a ZIP. `items`: at least one. */
export async function reportOf(
  items: readonly Reported[],
  service: Service,
  language: 'en' | 'bn',
): Promise<Blob> {
  if (items.length <= MAX_REPORTED) return service.report(items, language);
  const parts = new Map<string, Blob>();
  for (let from = 0; from < items.length; from += MAX_REPORTED) {
    const part = items.slice(from, from + MAX_REPORTED);
    const name = `spondon-report-${from + 1}-to-${from + part.length}.pdf`;
    parts.set(name, await service.report(part, language));
  }
  return zipOf(parts);
}

async function zipOf(files: ReadonlyMap<string, Blob>): Promise<Blob> {
  const { BlobReader, BlobWriter, configure, ZipWriter } = await import('@zip.js/zip.js');
  configure({ useWebWorkers: false });
  const zip = new ZipWriter(new BlobWriter('application/zip'));
  for (const [name, content] of files) await zip.add(name, new BlobReader(content));
  return zip.close();
}
