import { execFile } from 'node:child_process';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { flushMs } from './disk.js';
import { microseconds, milliseconds } from './figures.js';
import { verificationMicroseconds } from './yardstick.js';

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
  print(`- machine: ${await machine()}`);
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

export async function machine(): Promise<string> {
  // First, since what is measured below is load of our own.
  const [load = 0] = loadavg();
  const [cpu] = cpus();
  return [
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${platform()} ${release()} ${arch()}`,
    `a flush to disk ${milliseconds(await flushMs())}`,
    `one ECDSA P-256 verification ${microseconds(verificationMicroseconds())}`,
    // Includes the benchmark itself: far above the number of processors means that others were at work too.
    `load at the end ${load.toFixed(1)}`,
  ].join(', ');
}

export async function versions(): Promise<string> {
  const { node, openssl } = process.versions;
  return [`Node ${node}`, `OpenSSL ${openssl}`, `Spondon ${await commit()}`].join(', ');
}

async function commit(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', ['describe', '--always', '--dirty'], {
      cwd: import.meta.dirname,
    });
    return stdout.trim();
  } catch {
    // Not a clone: an unpacked archive has no commit to name.
    return 'of no known commit';
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
