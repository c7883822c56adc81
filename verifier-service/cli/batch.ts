import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { ApiError, type Client } from './client.js';
import type { Output, Terminal } from './context.js';
import { print } from './print.js';

/** How many files are on their way at once. */
const AT_ONCE = 4;
const BAR_WIDTH = 30;

/** Columns that are not facts: everything else in the sheet is a fact of the row's kind. */
const OWN_COLUMNS = new Set([
  'file',
  'kind',
  'name',
  'birthDate',
  'idLast4',
  'language',
  'patientId',
  'supersedes',
]);

type Row = Readonly<Record<string, string>>;

interface Done {
  /** SHA-256 of the row: what it says, wherever it stands. */
  readonly row: string;
  readonly file: string;
  readonly documentId: string;
}

interface Failure {
  readonly file: string;
  readonly why: string;
}

/**
 * Issues every document of a sheet: one row for each file of `folder`, with columns file, kind, name, birthDate and
 * the facts of its kind (drugs separated by `;`). Can be stopped and started again: finished rows stand in
 * `<sheet>.issued.jsonl`, and each row's Idempotency-Key follows from its content, so a row whose answer was lost is
 * not issued twice. Returns the exit code: 0 when every row is issued.
 */
export async function issueBatch(
  client: Client,
  folder: string,
  sheet: string,
  { stdout, stderr }: Pick<Terminal, 'stdout' | 'stderr'>,
): Promise<number> {
  const all = parse<Row>(await readFile(sheet), {
    columns: true,
    skip_empty_lines: true,
    trim: true,
    bom: true,
  });
  // A row that stands there twice is one document.
  const rows = new Map(all.map((row) => [digestOf(row), row]));
  const journal = `${sheet}.issued.jsonl`;
  const done = await readJournal(journal);
  const waiting = [...rows].filter(([digest]) => !done.has(digest));
  const total = rows.size;
  let finished = total - waiting.length;
  const failures: Failure[] = [];
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGINT', stop);
  showProgress(stderr, { finished, total, failed: failures.length });

  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !stopping.signal.aborted; next = waiting.shift()) {
      const [digest, row] = next;
      const { file = '' } = row;
      try {
        const { documentId } = await issueRow(client, folder, row);
        await appendFile(journal, `${JSON.stringify({ row: digest, file, documentId } satisfies Done)}\n`);
        finished += 1;
      } catch (error) {
        failures.push({
          file,
          why: error instanceof ApiError ? `${error.code}: ${error.message}` : String(error),
        });
      }
      showProgress(stderr, { finished, total, failed: failures.length });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  process.off('SIGINT', stop);
  report(stderr, failures, stopping.signal.aborted);
  print(stdout, `${finished} of ${total} issued; their codes are in ${journal}`);
  return finished === total ? 0 : 1;
}

function report(out: Output, failures: readonly Failure[], stopped: boolean): void {
  print(out, '');
  for (const { file, why } of failures) print(out, `${file}: ${why}`);
  if (stopped) print(out, 'Stopped. Run the same command again to go on where it stopped.');
}

function digestOf(row: Row): string {
  return createHash('sha256').update(JSON.stringify(row)).digest('base64url');
}

async function issueRow(client: Client, folder: string, row: Row): Promise<{ documentId: string }> {
  const { file: name = '' } = row;
  const path = resolve(folder, name);
  const inside = relative(resolve(folder), path);
  // A sheet from elsewhere must not reach files that were not meant.
  if (name === '' || inside.startsWith('..') || isAbsolute(inside))
    throw new Error(`'${name}' is not in ${folder}`);
  const file = await readFile(path);
  const details = detailsOf(row);
  const key = createHash('sha256')
    .update(createHash('sha256').update(file).digest())
    .update(JSON.stringify(details));
  return client.issue(file, details, `batch-${key.digest('hex')}`);
}

function detailsOf(row: Row): unknown {
  const { kind, name, birthDate, idLast4, language, patientId, supersedes } = row;
  const facts = Object.entries(row)
    .filter(([column, value]) => !OWN_COLUMNS.has(column) && value !== '')
    .map(([column, value]) => [column, factOf(column, value)]);
  return {
    kind,
    claims: {
      subject: { name, birthDate, ...(idLast4 ? { idLast4 } : {}) },
      facts: Object.fromEntries(facts) as Record<string, unknown>,
    },
    ...(language ? { language } : {}),
    ...(patientId ? { patientId } : {}),
    ...(supersedes ? { supersedes } : {}),
  };
}

function factOf(column: string, value: string): unknown {
  if (column === 'items') return Number(value);
  return column === 'drugs' ? value.split(';').map((drug) => drug.trim()) : value;
}

async function readJournal(path: string): Promise<Set<string>> {
  if (!existsSync(path)) return new Set();
  const lines = (await readFile(path, 'utf8')).split('\n');
  // The last line may have been cut short: its row is asked for again, and answered as before.
  return new Set(lines.flatMap((line) => rowIn(line) ?? []));
}

function rowIn(line: string): string | null {
  try {
    return (JSON.parse(line) as Done).row;
  } catch {
    return null;
  }
}

interface Progress {
  readonly finished: number;
  readonly total: number;
  readonly failed: number;
}

function showProgress(out: Output, { finished, total, failed }: Progress): void {
  if (!out.isTTY) return;
  const filled = total === 0 ? BAR_WIDTH : Math.round((finished / total) * BAR_WIDTH);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  out.write(`\r${bar} ${finished}/${total}${failed > 0 ? `, ${failed} refused` : ''} `);
}
