import { setTimeout as delay } from 'node:timers/promises';
import { existsSync } from 'node:fs';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processorSeconds } from './processor-time.js';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

export interface Service {
  readonly url: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** From the start of the process until it said that it listens, ms. */
  readonly startedInMs: number;
  readonly operatorKey: () => Promise<string>;
  readonly hospitalKey: () => Promise<string>;
  /** Resident memory, bytes. */
  readonly memory: () => Promise<number>;
  /** Processor time used so far by all its threads, seconds. */
  readonly cpuSeconds: () => Promise<number>;
  /** Ends it as an operator would, and waits. */
  readonly stop: () => Promise<void>;
  /** Ends it at once, as a power cut would. */
  readonly kill: () => Promise<void>;
}

export interface ServiceOptions {
  /** A folder of its own when absent. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Processors to run on, such as '0'; any when absent. */
  readonly pin?: string;
  /** Folder for a CPU profile of each thread, written when it stops. */
  readonly profile?: string | undefined;
  /** Repository whose build is started; this one when absent. */
  readonly repository?: string;
}

/** Starts the service as a process of its own and waits until it says that it listens. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'spondon-bench-')));
  const port = await freePort();
  const [program = '', ...args] = commandOf(options);
  const begun = performance.now();
  const child = spawn(program, args, {
    env: {
      PATH: process.env.PATH,
      SPONDON_PORT: String(port),
      SPONDON_DATA_DIR: dataDir,
      SPONDON_PORTAL_URL: 'https://verify.example.gov.bd',
      SPONDON_LOG_LEVEL: 'error',
      SPONDON_RATE_LIMIT: '0',
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // A benchmark that fails must not leave the service behind.
  const killOrphan = (): void => void child.kill('SIGKILL');
  process.once('exit', killOrphan);
  await listening(child);
  const startedInMs = performance.now() - begun;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    process.off('exit', killOrphan);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  const keyIn = async (name: string): Promise<string> => {
    const path = join(dataDir, 'credentials', `${name}.json`);
    // A first start listens before its samples are planted, and writes the key last.
    while (!existsSync(path)) await delay(20);
    return (JSON.parse(await readFile(path, 'utf8')) as { apiKey: string }).apiKey;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    dataDir,
    process: child,
    startedInMs,
    operatorKey: () => keyIn('operator'),
    hospitalKey: () => keyIn('sample-hospital'),
    memory: () => residentBytes(child),
    cpuSeconds: () => processorSeconds(child.pid ?? 0),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

export async function removeData({ dataDir }: Service): Promise<void> {
  await rm(dataDir, { recursive: true, force: true });
}

function commandOf({ pin, profile, repository = REPOSITORY }: ServiceOptions): string[] {
  return [
    ...(pin === undefined ? [] : ['taskset', '-c', pin]),
    process.execPath,
    ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    join(repository, 'verifier-service', 'dist', 'server.js'),
  ];
}

async function listening(child: ChildProcess): Promise<void> {
  if (!child.stdout) throw new Error('The service has no standard output');
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`The service did not start: ${text}`)));
    child.stdout?.on('data', (chunk) => {
      text += String(chunk);
      if (text.includes('Spondon listens on')) resolve();
    });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port');
  return address.port;
}

async function residentBytes({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid ?? 0}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) * 1024;
}
