import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, type TestNode } from './kubo.test-support.js';

/** Why no IPFS Cluster can be started here; `false` when one can. */
export function whyNoCluster(): string | false {
  const { status } = spawnSync('ipfs-cluster-service', ['--version'], { stdio: 'ignore' });
  return status === 0 ? false : 'ipfs-cluster-service (IPFS Cluster) is not on this machine';
}

export interface TestPeer {
  /** Of its REST API. */
  readonly url: string;
  /** Where other peers reach it. */
  readonly peerAddress: string;
  readonly start: () => Promise<void>;
  /** Ends it as a power cut would end its process. */
  readonly kill: () => Promise<void>;
  /** Kills it, and deletes its folder. */
  readonly remove: () => Promise<void>;
}

/** A peer set up as the compose file does, beside a node; `first`: the peer that it joins. */
export async function startPeer(node: TestNode, secret: string, first?: TestPeer): Promise<TestPeer> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-cluster-'));
  const [api, proxy, pinning, swarm] = await freePorts(4);
  const local = (port: number | undefined): string => `/ip4/127.0.0.1/tcp/${port}`;
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    IPFS_CLUSTER_PATH: folder,
    CLUSTER_SECRET: secret,
    CLUSTER_CRDT_CLUSTERNAME: 'test',
    CLUSTER_CRDT_TRUSTEDPEERS: '*',
    CLUSTER_IPFSHTTP_NODEMULTIADDRESS: local(Number(new URL(node.url).port)),
    CLUSTER_REPLICATIONFACTORMIN: '-1',
    CLUSTER_REPLICATIONFACTORMAX: '-1',
    CLUSTER_MONITORPINGINTERVAL: '1s',
    CLUSTER_PINRECOVERINTERVAL: '5s',
    CLUSTER_CRDT_REBROADCASTINTERVAL: '2s',
    CLUSTER_MDNSINTERVAL: '0s',
    CLUSTER_RESTAPI_HTTPLISTENMULTIADDRESS: local(api),
    CLUSTER_IPFSPROXY_LISTENMULTIADDRESS: local(proxy),
    CLUSTER_PINSVCAPI_HTTPLISTENMULTIADDRESS: local(pinning),
    CLUSTER_LISTENMULTIADDRESS: local(swarm),
  };
  execFileSync('ipfs-cluster-service', ['init', '--consensus', 'crdt'], { env, stdio: 'ignore' });
  const { id } = JSON.parse(await readFile(join(folder, 'identity.json'), 'utf8')) as { id: string };

  let daemon: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const args = ['daemon', ...(first ? ['--bootstrap', first.peerAddress] : [])];
    daemon = spawn('ipfs-cluster-service', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    await untilReady(daemon);
  };
  const kill = async (): Promise<void> => {
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    url: `http://127.0.0.1:${api}`,
    peerAddress: `${local(swarm)}/p2p/${id}`,
    start,
    kill,
    async remove() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(child: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (bytes: Buffer): void => {
      said += bytes.toString();
      if (said.includes('IPFS Cluster is READY')) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => reject(new Error(`IPFS Cluster ended: ${said}`)));
  });
}
