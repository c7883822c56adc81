import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { writeWhole } from '../whole-file.js';

/** A program that outlives ours. Its file says which process it is, so that another command finds it again. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly log: string;
  /** Where its process is noted. */
  readonly note: string;
}

interface Note {
  readonly pid: number;
  /** Of the process: another one that gets the same number later is not taken for it. */
  readonly started: string;
}

/** Waits for a line before it becomes the program. Were we to end before that, it would end as well. */
const ONCE_NOTED = 'read -r _ && exec "$@" </dev/null';

/** Nothing runs that is not noted: nobody would find it again, and it would hold its ports. */
export async function start({ command, args, env, folder, log, note }: Program): Promise<void> {
  await Promise.all([folder, dirname(log), dirname(note)].map((each) => mkdir(each, { recursive: true })));
  const output = openSync(log, 'a');
  try {
    const child = spawn('sh', ['-c', ONCE_NOTED, 'sh', command, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...env },
      detached: true,
      stdio: ['pipe', output, output],
    });
    const { stdin } = child;
    if (stdin === null) throw new TypeError('it was started with a pipe');
    stdin.on('error', () => undefined); // it has ended, which whoever waits for it will see
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const { pid = 0 } = child;
    try {
      await writeWhole(note, JSON.stringify({ pid, started: startOf(pid) ?? '' } satisfies Note));
      await new Promise<void>((resolve) => stdin.end('\n', () => resolve()));
    } finally {
      stdin.destroy();
    }
  } finally {
    closeSync(output);
  }
}

/** Its number while it runs. */
export async function pidOf(note: string): Promise<number | undefined> {
  if (!existsSync(note)) return undefined;
  const { pid, started } = JSON.parse(await readFile(note, 'utf8')) as Note;
  return startOf(pid) === started ? pid : undefined;
}

/** How long a node gets to end by itself, ms. */
const PATIENCE_MS = 10_000;

/** Ends it, if need be by force, and forgets it. Resolves when it is gone. */
export async function stop(note: string): Promise<void> {
  for (const [signal, patience] of [['SIGTERM', PATIENCE_MS] as const, ['SIGKILL', PATIENCE_MS] as const]) {
    const pid = await pidOf(note);
    if (pid === undefined) break;
    send(pid, signal);
    const until = Date.now() + patience;
    while (Date.now() < until && (await pidOf(note)) !== undefined) await wait(50);
  }
  await rm(note, { force: true });
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended just now.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** When a process started, in whatever form the system says it; `undefined` when there is none, or only its remains. */
function startOf(pid: number): string | undefined {
  if (existsSync('/proc/self/stat')) {
    try {
      // After the name, which may contain anything: state first, start time 20th.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
