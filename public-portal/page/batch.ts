import { useEffect, useRef, useState } from 'preact/hooks';
import { type Collected, collect } from '../bulk/collect.js';
import { BulkRun } from '../bulk/run.js';
import { readSheet, type Sheet, SheetFault } from '../bulk/sheet.js';
import type { AskDeps } from './ask.js';

/** Not more often than an eye follows. */
const DRAW_EVERY_MS = 250;

/** What was brought, taken apart, with a reading of each table. */
export interface Brought extends Collected {
  readonly tables: readonly { readonly name: string; readonly read: Sheet | SheetFault }[];
}

export interface Batch {
  readonly run: BulkRun;
  readonly brought: Brought;
}

/** Runs the check of what was brought; null while it is still being taken apart. Its user is drawn anew as it goes on. */
export function useBatch(files: readonly File[], deps: AskDeps): Batch | null {
  const [batch, setBatch] = useState<Batch | null>(null);
  const [, draw] = useState(0);
  const latest = useRef<BulkRun | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onChange = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        draw((count) => count + 1);
      }, DRAW_EVERY_MS);
    };
    void takeApart(files).then((brought) => {
      const sheetRows = brought.tables.flatMap(({ read }) => (read instanceof SheetFault ? [] : read.rows));
      const run = new BulkRun(brought.items, sheetRows, deps, onChange);
      latest.current = run;
      setBatch({ run, brought });
      run.start();
    });
    return () => {
      clearTimeout(timer);
      latest.current?.end();
    };
  }, [files]);
  return batch;
}

async function takeApart(files: readonly File[]): Promise<Brought> {
  const collected = await collect(files);
  const tables = await Promise.all(
    collected.sheets.map(async (file) => ({
      name: file.name,
      read: await readSheet(file).catch(sheetFault),
    })),
  );
  return { ...collected, tables };
}

function sheetFault(error: unknown): SheetFault {
  if (error instanceof SheetFault) return error;
  throw error;
}
