import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from './client.js';
import { admitHomeSigner, type HomeSigner, type KeptSigner, openHomeSigner } from './home-signer.js';
import { tellProgress } from './report.js';
import { type Service, type ServiceOptions, startService } from './service.js';
import { anchorAll, presign } from './statement-load.js';

export const CONNECTIONS = 4;
/** Statements signed and sent at a time. */
const CHUNK = 20_000;

/**
 * A log of invented documents, numbered from 0, in a folder: the service's data, and beside it what it takes to add to
 * them later.
 */
export interface PrefilledLog {
  readonly folder: string;
  /** The folder's own service; nothing runs until it is called. */
  readonly start: (options?: Omit<ServiceOptions, 'dataDir' | 'env'>) => Promise<RunningLog>;
  /** Deletes a folder that was made for this run; keeps one that was named. */
  readonly dispose: () => Promise<void>;
}

export interface RunningLog {
  readonly service: Service;
  readonly client: Client;
  readonly signer: HomeSigner;
  /** Entries in the log, all anchored. */
  readonly entries: () => Promise<number>;
  /** Adds documents until there are `entries`. */
  readonly fill: (entries: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** `named`: a folder to find again; a temporary one when absent. */
export async function openPrefilledLog(named: string | undefined): Promise<PrefilledLog> {
  const folder = named ?? (await mkdtemp(join(tmpdir(), 'spondon-bench-')));
  await mkdir(join(folder, 'data'), { recursive: true });
  return {
    folder,
    start: (options) => start(folder, options),
    dispose: async () => {
      if (named === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function start(
  folder: string,
  options: Omit<ServiceOptions, 'dataDir' | 'env'> = {},
): Promise<RunningLog> {
  const env = { SPONDON_SAMPLES: 'false' };
  const service = await startService({ ...options, dataDir: join(folder, 'data'), env });
  const client = createClient(service.url, CONNECTIONS);
  const signer = await signerOf(join(folder, 'signer.json'), service, client);
  const entries = (): Promise<number> => logEntries(client);
  return {
    service,
    client,
    signer,
    entries,
    fill: async (wanted) => {
      for (let first = await entries(); first < wanted; first = await entries()) {
        tellProgress(`the log has ${first} of ${wanted} entries`);
        const count = Math.min(CHUNK, wanted - first);
        await anchorAll(client, CONNECTIONS, await presign(signer, first, count));
      }
    },
    stop: async () => {
      client.close();
      await service.stop();
    },
  };
}

async function signerOf(path: string, service: Service, client: Client): Promise<HomeSigner> {
  if (!existsSync(path)) {
    await writeFile(path, JSON.stringify(await admitHomeSigner(service, client)), { mode: 0o600 });
  }
  return openHomeSigner(JSON.parse(await readFile(path, 'utf8')) as KeptSigner);
}

/** Asked again until nothing waits any more: a run that was cut short may have left a queue. */
async function logEntries(client: Client): Promise<number> {
  for (;;) {
    const { text } = await client.send({ path: '/metrics' });
    const [waiting, entries] = [gauge(text, 'spondon_queue_statements'), gauge(text, 'spondon_log_entries')];
    if (waiting === 0) return entries;
  }
}

function gauge(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(name));
  return line === undefined ? 0 : Number(line.split(' ').at(-1));
}
