import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { common } from '@hyperledger/fabric-protos';
import type { Command } from 'commander';
import { withConsenter, withoutConsenter } from '../config/consenters.js';
import { decodeGroup, encodeGroup, type Group } from '../config/group.js';
import { admit, dismiss } from '../config/members.js';
import { readProposal } from '../config/envelope.js';
import { NetworkError } from '../error.js';
import { native } from '../layout.js';
import { propose, sign, submit, type Site } from '../native/configuration.js';
import { readTopology } from '../native/kept-topology.js';
import { consenterOf, ordererNamed } from '../native/orderers.js';
import { describeMember, makeConfiguration } from '../native/material.js';
import { parseMember } from '../topology-changes.js';
import { organisationNamed } from '../topology.js';
import { DATA } from './options.js';
import { runningNetwork } from './running-network.js';

/**
 * `config describe`, `propose`, `sign`, `submit`: what `org add` and `org remove` do at once, for organisations that each
 * have their own keys. One file goes from hand to hand.
 */
export function addConfiguration(program: Command): void {
  const config = program
    .command('config')
    .description('changes of a channel, signed by several organisations');

  config
    .command('describe')
    .description('what a joining organisation sends to the members: its roots, policies and anchor peers')
    .argument('<file>', 'its description, as for `org add`')
    .argument('<output>')
    .option(...DATA)
    .action(async (file: string, output: string, { data }: { data: string }) => {
      const { organisation } = parseMember(await readFile(file, 'utf8'));
      const { fabric } = await runningNetwork(data);
      const described = await describeMember(organisation, fabric, native(resolve(data)));
      const group = Buffer.from(encodeGroup(described).serializeBinary()).toString('base64');
      await writeFile(output, `${JSON.stringify({ mspId: organisation.mspId, group })}\n`);
    });

  config
    .command('propose')
    .description('write a change that nobody has signed yet')
    .argument('<channel>')
    .argument('<output>')
    .requiredOption('--as <organisation>', 'who asks the orderers for the present configuration')
    .option('--add <file>', 'the description of a joining organisation')
    .option('--remove <mspId>', 'a member that is to go')
    .option('--orderer <organisation/name>', 'an orderer that is to take part, or has new certificates')
    .option('--certificates <folder>', 'where these are, with its `msp` and `tls` in it')
    .option('--remove-orderer <organisation/name>', 'an orderer that is to go')
    .option(...DATA)
    .action(async (channelName: string, output: string, options: Choice & Common) => {
      const site = await siteIn(options.data);
      const channel = site.topology.channels.find(({ name }) => name === channelName);
      if (channel === undefined) throw new NetworkError('TOPOLOGY', `there is no channel ${channelName}`);
      const change = await changeOf(options, site);
      const proposal = await propose(site, channel, organisationNamed(site.topology, options.as), change);
      if (proposal === null) console.log(`${channelName} is so already`);
      else await writeFile(output, proposal);
    });

  config
    .command('sign')
    .description('add the signature of an organisation whose administrator has its key here')
    .argument('<file>')
    .requiredOption('--as <organisation>')
    .option(...DATA)
    .action(async (file: string, { as, data }: Common) => {
      const site = await siteIn(data);
      const signed = await sign(site, await readFile(file), organisationNamed(site.topology, as));
      await writeFile(file, signed);
      console.log(`signed by ${readProposal(signed).signers.join(', ')}`);
    });

  config
    .command('submit')
    .description('hand a change that enough have signed to the orderers')
    .argument('<file>')
    .requiredOption('--as <organisation>')
    .option(...DATA)
    .action(async (file: string, { as, data }: Common) => {
      const site = await siteIn(data);
      await submit(site, await readFile(file), organisationNamed(site.topology, as));
      console.log('changed');
    });
}

interface Common {
  readonly as: string;
  readonly data: string;
}

interface Choice {
  readonly add?: string;
  readonly remove?: string;
  readonly orderer?: string;
  readonly certificates?: string;
  readonly removeOrderer?: string;
}

async function changeOf(
  { add, remove, orderer, certificates, removeOrderer }: Choice,
  { topology, place }: Site,
): Promise<(channel: Group) => Group> {
  if (add !== undefined) {
    const { mspId, group } = JSON.parse(await readFile(add, 'utf8')) as { mspId: string; group: string };
    const described = decodeGroup(common.ConfigGroup.deserializeBinary(Buffer.from(group, 'base64')));
    return (channel) => admit(channel, mspId, described);
  }
  if (remove !== undefined) return (channel) => dismiss(channel, remove);
  const named = (path: string) => {
    const [owner = '', name = ''] = path.split('/');
    const organisation = organisationNamed(topology, owner);
    return { organisation, node: ordererNamed(organisation, name) };
  };
  if (orderer !== undefined) {
    const { organisation, node } = named(orderer);
    const consenter = await consenterOf(organisation, node, place, certificates);
    return (channel) => withConsenter(channel, consenter);
  }
  if (removeOrderer !== undefined) {
    const { consenter } = named(removeOrderer).node;
    return (channel) => withoutConsenter(channel, consenter);
  }
  throw new NetworkError(
    'CONFIGURATION',
    'say what is to change: --add, --remove, --orderer or --remove-orderer',
  );
}

async function siteIn(folder: string): Promise<Site> {
  const { fabric } = await runningNetwork(folder);
  const place = native(resolve(folder));
  const topology = await readTopology(place.folder);
  return { topology, fabric, place, config: await makeConfiguration(fabric, place) };
}
