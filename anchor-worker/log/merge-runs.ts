import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { makeFolderDurably, syncFolder, UNFINISHED } from '@spondon/ledger/durable-file';
import { keyAt, RECORD_BYTES } from './index-record.js';
import { Run } from './run.js';

const CHUNK_BYTES = RECORD_BYTES * 8192;

/** Where a merge stands in one of its runs. */
interface Cursor {
  readonly run: Run;
  page: number;
  records: Buffer;
  at: number;
  /** Of the record at `at`; infinite at the end. */
  key: number;
}

/** Merges runs, oldest first, into one durable file at `path`, in pieces that leave the event loop free. */
export async function mergeRuns(runs: readonly Run[], path: string): Promise<Run> {
  const folder = dirname(path);
  await makeFolderDurably(folder);
  const unfinished = path + UNFINISHED;
  const file = await open(unfinished, 'w');
  try {
    for (const chunk of merged(runs)) {
      await file.writeFile(chunk);
      await setImmediate();
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
  await syncFolder(folder);
  return Run.open(path);
}

/** The records of all runs in order, in chunks; of equal keys those of the older run come first. */
function* merged(runs: readonly Run[]): Generator<Buffer> {
  const cursors = runs.map((run) => startOf(run));
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let filled = 0;
  for (let next = least(cursors); next; next = least(cursors)) {
    next.records.copy(chunk, filled, next.at, next.at + RECORD_BYTES);
    filled += RECORD_BYTES;
    advance(next);
    if (filled < CHUNK_BYTES) continue;
    yield chunk;
    chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    filled = 0;
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

function startOf(run: Run): Cursor {
  const records = run.page(0);
  return { run, page: 0, records, at: 0, key: records.length > 0 ? keyAt(records, 0) : Infinity };
}

function least(cursors: readonly Cursor[]): Cursor | undefined {
  let found: Cursor | undefined;
  for (const cursor of cursors) if (cursor.key < (found?.key ?? Infinity)) found = cursor;
  return found;
}

function advance(cursor: Cursor): void {
  cursor.at += RECORD_BYTES;
  if (cursor.at === cursor.records.length) {
    cursor.page += 1;
    cursor.records = cursor.run.page(cursor.page);
    cursor.at = 0;
  }
  cursor.key = cursor.records.length > 0 ? keyAt(cursor.records, cursor.at / RECORD_BYTES) : Infinity;
}
