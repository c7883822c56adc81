import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from './client.js';
import { megabytes, seconds } from './figures.js';
import { readOptions } from './options.js';
import { printReport, type Row, tellProgress } from './report.js';
import { type Service, startService } from './service.js';

/**
 * A first start on a new machine: a clone in a temporary folder, `npm ci` with an empty cache (this needs the network),
 * then the service with an empty data folder.
 */

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const REST_MS = 10_000;

const options = readOptions();
const folder = await mkdtemp(join(tmpdir(), 'spondon-bench-'));
const repository = join(folder, 'spondon');
try {
  await takeCopy();
  tellProgress('npm ci, from the network');
  const begun = performance.now();
  await run('npm', ['ci', '--no-audit', '--no-fund', '--cache', join(folder, 'npm-cache')], repository);
  const installed = (performance.now() - begun) / 1000;
  tellProgress('first start');
  const starting = performance.now();
  const service = await startService({ dataDir: join(folder, 'data'), repository });
  const samples = await untilSamplesAnchored(service);
  const started = (performance.now() - starting) / 1000;
  tellProgress('at rest');
  await delay(options.quick ? REST_MS / 10 : REST_MS);
  const memory = await service.memory();
  await service.stop();
  const again = await startService({ dataDir: join(folder, 'data'), repository });
  await delay(options.quick ? REST_MS / 10 : REST_MS);
  const memoryAgain = await again.memory();
  await again.stop();

  const rows: Row[] = [
    { figure: 'npm ci', result: seconds(installed) },
    { figure: 'first start, until it says that it listens', result: seconds(service.startedInMs / 1000) },
    { figure: `first start, until ${samples} sample documents are anchored`, result: seconds(started) },
    { figure: 'all of it', result: seconds(installed + started), goal: '≤ 3 min' },
    { figure: 'memory at rest, 10 s after the first start', result: megabytes(memory), goal: '≤ 250 MB' },
    { figure: 'second start', result: seconds(again.startedInMs / 1000) },
    {
      figure: 'memory at rest, 10 s after the second start',
      result: megabytes(memoryAgain),
      goal: '≤ 250 MB',
    },
  ];
  const source = options.workingTree ? 'the working tree' : 'a clone of the last commit';
  await printReport('First start on a new machine', { source, 'npm cache': 'empty' }, rows);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function takeCopy(): Promise<void> {
  if (!options.workingTree) {
    await run('git', ['clone', '--quiet', REPOSITORY, repository], folder);
    return;
  }
  // What is committed or could be: neither dependencies nor anything built.
  const listed = await run(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    REPOSITORY,
  );
  const deleted = await run('git', ['ls-files', '-z', '--deleted'], REPOSITORY);
  const gone = new Set(deleted.split('\0'));
  for (const path of new Set(listed.split('\0'))) {
    if (path === '' || gone.has(path)) continue;
    await mkdir(dirname(join(repository, path)), { recursive: true });
    await copyFile(join(REPOSITORY, path), join(repository, path));
  }
}

async function untilSamplesAnchored(service: Service): Promise<number> {
  const client = createClient(service.url, 1);
  const authorization = `Bearer ${await service.hospitalKey()}`;
  try {
    for (;;) {
      const states = await statesOfDocuments(client, authorization);
      if (states.length > 0 && states.every((state) => state === 'anchored')) return states.length;
    }
  } finally {
    client.close();
  }
}

async function statesOfDocuments(client: Client, authorization: string): Promise<string[]> {
  const listed = await client.json({ path: '/v1/documents?limit=200', headers: { authorization } });
  return (listed as { documents: { state: string }[] }).documents.map(({ state }) => state);
}

/** Resolves with what it writes to its standard output. */
async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code ?? 'a signal'}`);
  return Buffer.concat(chunks).toString();
}
