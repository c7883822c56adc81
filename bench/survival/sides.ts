import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { Place } from '@spondon/network/layout';
import { hostOf, type Organisation, type Topology } from '@spondon/network/topology';

const execute = promisify(execFile);

/**
 * Two network namespaces with one cable between them, and to nowhere else: all of the network and the service on one
 * side, one organisation's nodes on the other. Nodes are reached by their names, as in containers; each namespace has a
 * list of hosts of its own.
 */

const HERE = { name: 'spondon-here', address: '10.217.0.1', cable: 'sp-here' };
const THERE = { name: 'spondon-there', address: '10.217.0.2', cable: 'sp-there' };
const HOSTS = '/etc/netns';
/** Set in the process that runs inside. */
const INSIDE = 'SPONDON_SURVIVAL_INSIDE';

/** Why this machine has no network namespaces for us; `null` when it has. */
export async function whyNoSides(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'needs root and `ip netns`';
  const trial = `${HERE.name}-trial`;
  try {
    await ip('netns', 'add', trial);
    await ip('netns', 'delete', trial);
    return null;
  } catch {
    return 'needs `ip netns`, which does not work here';
  }
}

export const isInside = (): boolean => process.env[INSIDE] === '1';

/** Makes both sides, runs the words there, on this one, and removes them again. Resolves with the exit code. */
export async function runInside(
  topology: Topology,
  away: Organisation,
  run: (command: string, args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>,
): Promise<number> {
  await removeSides();
  try {
    await makeSides(topology, away);
    const args = ['netns', 'exec', HERE.name, process.execPath, ...process.argv.slice(1)];
    return await run('ip', args, { ...process.env, [INSIDE]: '1' });
  } finally {
    await removeSides();
  }
}

async function makeSides(topology: Topology, away: Organisation): Promise<void> {
  const hosts = topology.organisations.flatMap((organisation) => {
    const { address } = organisation.name === away.name ? THERE : HERE;
    const nodes = [...organisation.orderers, ...organisation.peers, ...organisation.chaincodes];
    return nodes.map((node) => `${address} ${hostOf(organisation, node)}`);
  });
  for (const { name } of [HERE, THERE]) {
    await mkdir(join(HOSTS, name), { recursive: true });
    await writeFile(join(HOSTS, name, 'hosts'), ['127.0.0.1 localhost', ...hosts, ''].join('\n'));
    await ip('netns', 'add', name);
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  await ip('-n', HERE.name, 'link', 'add', HERE.cable, 'type', 'veth', 'peer', 'name', THERE.cable);
  await ip('-n', HERE.name, 'link', 'set', THERE.cable, 'netns', THERE.name);
  for (const { name, address, cable } of [HERE, THERE]) {
    await ip('-n', name, 'address', 'add', `${address}/30`, 'dev', cable);
    await ip('-n', name, 'link', 'set', cable, 'up');
  }
}

async function removeSides(): Promise<void> {
  for (const { name } of [HERE, THERE]) {
    // There may be none.
    await ip('netns', 'delete', name).catch(() => undefined);
    await rm(join(HOSTS, name), { recursive: true, force: true });
  }
}

/** Where the nodes are, for the process inside. */
export function placeOfSides(away: Organisation): (folder: string) => Place {
  return (folder) => ({
    folder,
    bind: '0.0.0.0',
    reach: (host) => host,
    enter: (host) => (host.endsWith(`.${away.domain}`) ? ['ip', 'netns', 'exec', THERE.name] : []),
  });
}

/** Nobody's address on a cable. */
const NOBODY = '02:00:00:00:00:99';

/** From now on what one side sends the other is lost, and nobody is told: no connection is refused or reset. */
export async function cutCable(): Promise<void> {
  await neighbour(HERE, THERE, 'replace', 'lladdr', NOBODY, 'nud', 'permanent');
  await neighbour(THERE, HERE, 'replace', 'lladdr', NOBODY, 'nud', 'permanent');
}

export async function mendCable(): Promise<void> {
  await neighbour(HERE, THERE, 'delete');
  await neighbour(THERE, HERE, 'delete');
}

function neighbour(from: typeof HERE, to: typeof HERE, verb: string, ...how: string[]): Promise<void> {
  return ip('-n', from.name, 'neighbour', verb, to.address, 'dev', from.cable, ...how);
}

async function ip(...args: string[]): Promise<void> {
  await execute('ip', args);
}
