import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { configurationIn, proposalOf, readProposal, type Configuration } from '../config/envelope.js';
import type { Group } from '../config/group.js';
import { deciders } from '../config/members.js';
import { updateBetween } from '../config/update.js';
import { NetworkError } from '../error.js';
import type { Place } from '../layout.js';
import { organisationOf, type Channel, type Organisation, type Topology } from '../topology.js';
import { administrator } from './channels.js';
import type { Fabric } from './fabric.js';
import { untilDone } from './health.js';
import { everyOrdererFlags } from './ordering.js';

/**
 * Changes of a channel's configuration, step by step as the organisations take them, each with its own administrator's
 * key: one proposes a file, enough of them sign it one after the other, any of them hands it to the orderers.
 */

export interface Site {
  readonly topology: Topology;
  readonly fabric: Fabric;
  /** Folder with core.yaml. */
  readonly config: string;
  readonly place: Place;
}

/**
 * The newest of what the orderers have: one that has just started, or was left out of consensus, is behind.
 *
 * @throws NetworkError `UNREACHABLE`
 */
export async function readConfiguration(
  site: Site,
  channel: Channel,
  reader: Organisation,
): Promise<Configuration> {
  return configurationIn(await fetchConfigurationBlock(site, channel, reader));
}

/** The block with the configuration that is in force, by which nodes join. */
export async function fetchConfigurationBlock(
  site: Site,
  channel: Channel,
  reader: Organisation,
): Promise<Uint8Array> {
  return inFolder(async (folder) => {
    const run = asAdministrator(site, reader);
    const fetched = await Promise.allSettled(
      everyOrdererFlags(site.topology, reader, site.place).map(async (flags, at) => {
        const file = join(folder, String(at));
        await run(['channel', 'fetch', 'config', file, '-c', channel.name, ...flags]);
        return readFile(file);
      }),
    );
    const blocks = fetched.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const [newest] = blocks.sort((a, b) => configurationIn(b).sequence - configurationIn(a).sequence);
    if (newest !== undefined) return newest;
    const [failure] = fetched.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
    throw new NetworkError('UNREACHABLE', `no orderer answers: ${failure ?? 'there is none'}`);
  });
}

/** The file that is to be signed; `null` when the channel is already as it should be. */
export async function propose(
  site: Site,
  channel: Channel,
  proposer: Organisation,
  change: (channel: Group) => Group,
): Promise<Uint8Array | null> {
  const { group } = await readConfiguration(site, channel, proposer);
  const update = updateBetween(group, change(group));
  return update && proposalOf(channel.name, update);
}

/** Adds the signature of an organisation's administrator. */
export async function sign(site: Site, proposal: Uint8Array, signer: Organisation): Promise<Uint8Array> {
  return inFolder(async (folder) => {
    const file = join(folder, 'proposal.pb');
    await writeFile(file, proposal);
    await asAdministrator(site, signer)(['channel', 'signconfigtx', '-f', file]);
    return readFile(file);
  });
}

/** A changing leader takes some seconds; an orderer that took the change and failed has lost it. */
const COMMIT_MS = 20_000;

/**
 * Resolves once the channel's configuration is another than before.
 *
 * @throws NetworkError `MAJORITY_MISSING`, `UNREACHABLE`, `CONFIGURATION` when the orderers refuse it, `NOT_READY` when
 * it did not come through in time
 */
export async function submit(site: Site, proposal: Uint8Array, submitter: Organisation): Promise<void> {
  const { channel: name, signers } = readProposal(proposal);
  const channel = site.topology.channels.find((each) => each.name === name);
  if (channel === undefined) throw new NetworkError('CONFIGURATION', `there is no channel ${name}`);
  const before = await readConfiguration(site, channel, submitter);
  checkMajority(before.group, signers);
  await inFolder(async (folder) => {
    const file = join(folder, 'proposal.pb');
    await writeFile(file, proposal);
    await throughOrderers(site, submitter, ['channel', 'update', '-f', file, '-c', name]);
  });
  await untilDone(async () => {
    const { sequence } = await readConfiguration(site, channel, submitter);
    if (sequence === before.sequence) throw new NetworkError('NOT_READY', `${name} has not changed yet`);
  }, COMMIT_MS);
}

function checkMajority(channel: Group, signers: readonly string[]): void {
  const { needed, of } = deciders(channel);
  const counted = signers.filter((mspId) => of.includes(mspId));
  if (counted.length >= needed) return;
  throw new NetworkError(
    'MAJORITY_MISSING',
    `signed by ${counted.join(', ') || 'nobody'}; it takes ${needed} of ${of.join(', ')}`,
  );
}

/** How long a change is tried again that another one came before, or that an orderer was not ready for or lost, ms. */
const PATIENCE_MS = 120_000;
const PAUSE_MS = 500;

/**
 * All steps at once, on a machine that holds the keys of all who sign: `owners`, whose own part changes, and others until
 * it is a majority. Resolves at once when the channel is already as it should be.
 *
 * @throws NetworkError `MAJORITY_MISSING`, `UNREACHABLE`, `CONFIGURATION`, and what `change` throws
 */
export async function reconfigure(
  site: Site,
  channel: Channel,
  owners: readonly Organisation[],
  change: (channel: Group) => Group,
): Promise<void> {
  const [reader] = site.topology.organisations.filter(({ role }) => role === 'regulator');
  if (reader === undefined) throw new TypeError('there is no regulator');
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const { group } = await readConfiguration(site, channel, reader);
    let proposal = await propose(site, channel, reader, change);
    if (proposal === null) return;
    for (const signer of signersFor(group, owners, site.topology)) {
      proposal = await sign(site, proposal, signer);
    }
    try {
      await submit(site, proposal, reader);
      return;
    } catch (error) {
      const passing = error instanceof NetworkError && ['CONFIGURATION', 'NOT_READY'].includes(error.code);
      if (!passing || Date.now() > until) throw error;
      await wait(PAUSE_MS);
    }
  }
}

/** @throws NetworkError `MAJORITY_MISSING` */
function signersFor(
  channel: Group,
  owners: readonly Organisation[],
  topology: Topology,
): readonly Organisation[] {
  const { needed, of } = deciders(channel);
  const here = of.flatMap((mspId) => organisationOf(topology, mspId) ?? []);
  const deciding = owners.filter((owner) => here.includes(owner));
  const others = here.filter((each) => !owners.includes(each));
  const signers = [...owners, ...others.slice(0, Math.max(0, needed - deciding.length))];
  checkMajority(
    channel,
    signers.map(({ mspId }) => mspId),
  );
  return signers;
}

function asAdministrator({ fabric, config, place }: Site, organisation: Organisation) {
  const [peer] = organisation.peers;
  if (peer === undefined) throw new TypeError(`${organisation.name} has no peer`);
  return administrator(organisation, peer, { fabric, config, place });
}

/**
 * To every orderer, as byzantine fault tolerance asks of clients: one alone may lose it, and alone cannot depose a leader
 * that it does not reach. Resolves when one has taken it; which of the others still could depends on who was first.
 */
async function throughOrderers(site: Site, by: Organisation, args: readonly string[]): Promise<void> {
  const run = asAdministrator(site, by);
  const everywhere = everyOrdererFlags(site.topology, by, site.place);
  const answers = await Promise.allSettled(everywhere.map((flags) => run([...args, ...flags])));
  if (answers.some(({ status }) => status === 'fulfilled')) return;
  const failures = answers.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
  for (const cause of failures) {
    if (!(cause instanceof NetworkError)) throw cause;
    // An orderer's own words, unless it only follows the channel.
    if (/BAD_REQUEST|FORBIDDEN/.test(cause.message) && !cause.message.includes('channel does not exist')) {
      throw new NetworkError('CONFIGURATION', cause.message, { cause });
    }
  }
  const [cause] = failures;
  throw new NetworkError('UNREACHABLE', `no orderer answers: ${String(cause)}`, { cause });
}

export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-configuration-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
