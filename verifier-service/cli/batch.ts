import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { canonicalJson } from '@spondon/protocol/canonical';
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
  /** SHA-256 of the row: what it says, wherever it stands and in whatever order of columns. */
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
  const done = await openJournal(journal);
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
  return createHash('sha256').update(saidBy(row)).digest('base64url');
}

/** What a row says, spelt in one way: a column that was moved, or that is empty, makes no other row. */
function saidBy(row: Row): string {
  return canonicalJson(Object.fromEntries(Object.entries(row).filter(([, value]) => value !== '')));
}

async function issueRow(client: Client, folder: string, row: Row): Promise<{ documentId: string }> {
  const { file: name = '', ...said } = row;
  const path = resolve(folder, name);
  const inside = relative(resolve(folder), path);
  // A sheet from elsewhere must not reach files that were not meant.
  if (name === '' || inside.startsWith('..') || isAbsolute(inside))
    throw new Error(`'${name}' is not in ${folder}`);
  const file = await readFile(path);
  const key = createHash('sha256').update(createHash('sha256').update(file).digest()).update(saidBy(said));
  return client.issue(file, detailsOf(row), `batch-${key.digest('hex')}`);
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
  if (column === 'items') return /^\d+$/.test(value) ? Number(value) : value;
  return column === 'drugs' ? value.split(';').map((drug) => drug.trim()) : value;
}

/** Digests of the rows that are done. The next line begins on a line of its own. */
async function openJournal(path: string): Promise<Set<string>> {
  if (!existsSync(path)) return new Set();
  const text = await readFile(path, 'utf8');
  // The last line may have been cut short: its row is asked for again, and answered as before.
  if (!text.endsWith('\n')) await appendFile(path, '\n');
  return new Set(text.split('\n').flatMap((line) => rowIn(line) ?? []));
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
