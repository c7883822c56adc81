import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KUBO_SETUP } from '@spondon/network/derive/compose/kubo';

/** Why no Kubo can be started here; `false` when one can. */
export function whyNoKubo(): string | false {
  const { status } = spawnSync('ipfs', ['version'], { stdio: 'ignore' });
  return status === 0 ? false : 'ipfs (Kubo) is not on this machine';
}

export function newSwarmKey(): string {
  return `/key/swarm/psk/1.0.0/\n/base16/\n${randomBytes(32).toString('hex')}\n`;
}

/** A private node, as docs/operations.md and the compose file set one up, in a folder of its own. */
export interface TestNode {
  readonly url: string;
  readonly folder: string;
  /** Where other nodes reach it. */
  readonly peerAddress: string;
  /** Runs `ipfs` on its repository; while the node runs, through it. */
  readonly ipfs: (...args: string[]) => string;
  readonly start: () => Promise<void>;
  /** Ends it as a power cut would end its process. */
  readonly kill: () => Promise<void>;
  /** Makes it deaf and dumb, and able to hear again. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Ends it in order. */
  readonly stop: () => Promise<void>;
  /** Kills it, and deletes its folder. */
  readonly remove: () => Promise<void>;
}

/**
 * `folder`: an existing one for the repository, such as a small disk, or one in which an earlier node left it. `apart`:
 * Ctrl-C in the terminal is left to us, so that whoever uses the node ends before it.
 */
export async function startKubo({
  swarmKey = newSwarmKey(),
  folder,
  configure = () => undefined,
  apart = false,
}: {
  readonly swarmKey?: string | null;
  readonly folder?: string;
  readonly configure?: (ipfs: TestNode['ipfs']) => void;
  readonly apart?: boolean;
} = {}): Promise<TestNode> {
  const repository = folder ?? (await mkdtemp(join(tmpdir(), 'spondon-kubo-')));
  const { env, ipfs } = repositoryIn(repository, swarmKey);
  const [api = 0, swarm = 0] = await freePorts(2);
  for (const [name, value] of Object.entries(addresses(api, swarm)))
    ipfs('config', '--json', name, JSON.stringify(value));
  configure(ipfs);

  let daemon: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill(signal);
    await ended;
  };
  const kill = () => end('SIGKILL');
  const start = async (): Promise<void> => {
    const child = spawn('ipfs', ['daemon'], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: apart });
    const endWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', endWithUs);
    child.once('exit', () => process.off('exit', endWithUs));
    daemon = child;
    await untilReady(child);
  };
  const peerId = ipfs('config', 'Identity.PeerID').trim();
  await start();
  return {
    url: `http://127.0.0.1:${api}`,
    folder: repository,
    peerAddress: `/ip4/127.0.0.1/tcp/${swarm}/p2p/${peerId}`,
    ipfs,
    start,
    kill,
    pause: () => void daemon?.kill('SIGSTOP'),
    resume: () => void daemon?.kill('SIGCONT'),
    stop: () => end('SIGTERM'),
    async remove() {
      await kill();
      await rm(repository, { recursive: true, force: true });
    },
  };
}

/**
 * A node's folder, new or used before, as the set-up script of the compose file leaves it, which Kubo's image runs at
 * every start.
 */
export function repositoryIn(folder: string, swarmKey: string | null) {
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    IPFS_PATH: folder,
    ...(swarmKey === null ? {} : { LIBP2P_FORCE_PNET: '1' }),
  };
  const run = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const ipfs = (...args: string[]): string => run('ipfs', ...args);
  const setUp = (): void => void run('sh', '-e', '-c', KUBO_SETUP);
  if (!existsSync(join(folder, 'config'))) {
    ipfs('init', '--empty-repo');
    if (swarmKey !== null) writeFileSync(join(folder, 'swarm.key'), swarmKey);
  }
  setUp();
  return { env, ipfs, setUp };
}

const addresses = (api: number, swarm: number): Readonly<Record<string, unknown>> => ({
  'Addresses.API': `/ip4/127.0.0.1/tcp/${api}`,
  'Addresses.Swarm': [`/ip4/127.0.0.1/tcp/${swarm}`, `/ip4/127.0.0.1/udp/${swarm}/quic-v1`],
});

/** Flips a bit of the one block that has this length. */
export async function changeBlockOf({ folder }: TestNode, length: number): Promise<void> {
  for (const entry of await readdir(join(folder, 'blocks'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (bytes.length !== length) continue;
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await writeFile(path, bytes);
    return;
  }
  assert.fail('there is no such block');
}

async function untilReady(child: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (bytes: Buffer): void => {
      said += bytes.toString();
      if (said.includes('Daemon is ready')) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => reject(new Error(`Kubo ended: ${said}`)));
  });
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    return address.port;
  });
  for (const server of servers) server.close();
  return ports;
}
