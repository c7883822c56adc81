import { execFile } from 'node:child_process';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { promisify } from 'node:util';

/** A row of the table that a benchmark prints: what was measured, what was reached, what was to be reached. */
export interface Row {
  readonly figure: string;
  readonly result: string;
  /** Absent where a row only explains another. */
  readonly goal?: string;
}

export type Settings = Readonly<Record<string, string | number | boolean>>;

/** Prints machine, versions and settings, then the rows, as a Markdown table. */
export async function printReport(title: string, settings: Settings, rows: readonly Row[]): Promise<void> {
  const told = Object.entries(settings).map(([name, value]) => `${name}: ${value}`);
  print(`## ${title}`);
  print('');
  print(`- machine: ${machine()}`);
  print(`- versions: ${await versions()}`);
  print(`- settings: ${told.join(', ')}`);
  print('');
  print('| figure | result | goal |');
  print('|---|---|---|');
  for (const { figure, result, goal = '' } of rows) print(`| ${figure} | ${result} | ${goal} |`);
  print('');
}

/** What is under way, for whoever waits: beside the table, so that the table can be piped into a file. */
export function tellProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The value below which `share` of the samples lie. Samples need not be sorted. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

export function seconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} s`;
}

export function perSecond(value: number): string {
  return `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en')}/s`;
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const [load = 0] = loadavg();
  return [
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}`,
    `${memory} GiB`,
    `${platform()} ${release()} ${arch()}`,
    // Includes the benchmark itself: far above the number of processors means that others were at work too.
    `load at the end ${load.toFixed(1)}`,
  ].join(', ');
}

async function versions(): Promise<string> {
  const { node, openssl } = process.versions;
  return [`Node ${node}`, `OpenSSL ${openssl}`, `Spondon ${await commit()}`].join(', ');
}

async function commit(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['describe', '--always', '--dirty'], {
      cwd: import.meta.dirname,
    });
    return stdout.trim();
  } catch (error) {
    // Not a clone: an unpacked archive has no commit to name.
    void error;
    return 'of no known commit';
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
