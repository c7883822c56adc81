import type { Claims } from '@spondon/protocol/claims';
import { NotEvidence } from '../check/check.js';
import { type AskDeps, askFor, askForFile, ForeignHost, type Outcome } from '../page/ask.js';
import { readTyped } from '../page/way-in.js';
import { FileFault } from '../read/reading.js';
import type { Item } from './collect.js';
import { compare, type Comparison } from './compare.js';
import type { SheetRow } from './sheet.js';

/** One line of the result: a file, or a row of the table. */
export interface Row {
  readonly id: number;
  /** The file's name, or the code as it stands in the table. */
  readonly name: string;
  readonly asked: 'file' | 'code';
  readonly sheetRow: SheetRow | null;
  readonly state: 'waiting' | 'working' | 'done' | 'fault';
  readonly outcome: Outcome | null;
  readonly fault: RowFault | null;
  /** Empty when nothing could be compared: no facts in the file, or no columns in the table. */
  readonly comparisons: readonly Comparison[];
}

export type RowFault =
  'unreadable' | 'empty' | 'not-a-code' | 'missing' | 'no-code' | 'foreign-host' | 'not-evidence' | 'bug';

/** Reading is held back by the threads that read; looking up takes as many at once as a browser sends. */
const AT_ONCE = 4;
/** Hundreds of files wait behind one in which a code is hard to find. */
const SEARCH_MS = 2_000;

/** Checks many documents, one row each. A broken file is a row with a fault, and stops nothing. */
export class BulkRun {
  #rows: Row[] = [];
  readonly #tasks: (() => Promise<void>)[] = [];
  #next = 0;
  #working = 0;
  #isPaused = false;
  readonly #stop = new AbortController();
  readonly #rowsByCode = new Map<string, SheetRow>();

  constructor(
    items: readonly Item[],
    sheetRows: readonly SheetRow[],
    private readonly deps: AskDeps,
    /** Told after every change of a row. */
    private readonly onChange: () => void,
  ) {
    const named = new Map(items.map((item) => [lastName(item.name), item]));
    const rowsByFile = new Map<string, SheetRow>();
    for (const row of sheetRows) {
      const typed = readTyped(row.code);
      if (typed?.question.asked === 'code') this.#rowsByCode.set(typed.question.code, row);
      if (row.file !== '') rowsByFile.set(lastName(row.file), row);
    }
    for (const item of items) {
      const sheetRow = rowsByFile.get(lastName(item.name)) ?? null;
      const id = this.#add(item.name, 'file', sheetRow);
      this.#tasks.push(() => this.#checkFile(id, item));
    }
    for (const row of sheetRows) {
      if (row.file !== '' && named.has(lastName(row.file))) continue;
      const id = this.#add(row.code || row.file || row.name || String(row.line), 'code', row);
      this.#tasks.push(() => this.#checkCode(id, row));
    }
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isOver(): boolean {
    return this.#next === this.#tasks.length && this.#working === 0;
  }

  start(): void {
    this.#isPaused = false;
    while (this.#working < AT_ONCE && this.#next < this.#tasks.length) {
      const task = this.#tasks[this.#next++];
      this.#working += 1;
      void task?.().finally(() => {
        this.#working -= 1;
        this.onChange();
        if (!this.#isPaused) this.start();
      });
    }
  }

  /** Asks again about what could not be checked: the service was down, or there was no network. */
  retry(): void {
    // Tasks stand in the order of the rows; those that are done stay behind them.
    for (const row of this.#rows.filter(isUnanswered)) {
      const task = this.#tasks[row.id];
      if (task) this.#tasks.push(task);
    }
    this.start();
  }

  /** What is being checked is finished. */
  pause(): void {
    this.#isPaused = true;
    this.onChange();
  }

  end(): void {
    this.pause();
    this.#stop.abort();
  }

  #add(name: string, asked: Row['asked'], sheetRow: SheetRow | null): number {
    const id = this.#rows.length;
    const untouched = { state: 'waiting', outcome: null, fault: null, comparisons: [] } as const;
    this.#rows.push({ id, name, asked, sheetRow, ...untouched });
    return id;
  }

  #change(id: number, change: Partial<Row>): void {
    // A new array tells whoever shows the rows that they changed.
    this.#rows = this.#rows.with(id, { ...(this.#rows[id] as Row), ...change });
    this.onChange();
  }

  #checkFile(id: number, item: Item): Promise<void> {
    const options = {
      onRead: () => undefined,
      onCheck: () => undefined,
      signal: this.#stop.signal,
      searchMs: SEARCH_MS,
    };
    return this.#settle(id, async () => askForFile(await item.open(), this.deps, options));
  }

  async #checkCode(id: number, row: SheetRow): Promise<void> {
    const typed = readTyped(row.code);
    if (typed) return this.#settle(id, () => askFor(typed, this.deps));
    const fault = row.code !== '' ? 'not-a-code' : row.file !== '' ? 'missing' : 'no-code';
    this.#change(id, { state: 'fault', fault });
  }

  async #settle(id: number, ask: () => Promise<Outcome>): Promise<void> {
    this.#change(id, { state: 'working' });
    try {
      const outcome = await ask();
      const { answer } = outcome;
      const code = answer.document?.documentId;
      const sheetRow =
        this.#rows[id]?.sheetRow ?? (code === undefined ? undefined : this.#rowsByCode.get(code)) ?? null;
      this.#change(id, {
        state: 'done',
        outcome,
        sheetRow,
        comparisons: comparisonsOf(sheetRow, answer.facts),
      });
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#change(id, { state: 'fault', fault: faultOf(error) });
    }
  }
}

/** Nobody could be asked about it. */
export function isUnanswered({ outcome }: Row): boolean {
  return outcome?.answer.verdict === 'unavailable';
}

function comparisonsOf(row: SheetRow | null, [claims]: readonly Claims[]): Comparison[] {
  return row && claims ? compare(row, claims) : [];
}

function faultOf(error: unknown): RowFault {
  if (error instanceof FileFault) return error.code;
  if (error instanceof ForeignHost) return 'foreign-host';
  if (error instanceof NotEvidence) return 'not-evidence';
  console.error(error);
  return 'bug';
}

function lastName(path: string): string {
  return (path.split(/[\\/]/).at(-1) ?? path).normalize('NFC').toLowerCase();
}
