import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { addOrganisation, removeOrganisation } from '../native/members.js';
import { revokeEverywhere } from '../native/revocations.js';
import { parseMember } from '../topology-changes.js';
import { DATA } from './options.js';
import { runningNetwork } from './running-network.js';

/** `org add`, `org remove`, `org revoke`. */
export function addMembers(program: Command): void {
  const org = program.command('org').description('members of the network that runs');

  org
    .command('add')
    .description('take an organisation into channels, and start its nodes')
    .argument('<file>', 'its description, as network/examples/diagnostic-c.json')
    .option(...DATA)
    .action(async (file: string, { data }: { data: string }) => {
      const joining = parseMember(await readFile(file, 'utf8'));
      await addOrganisation(joining, await runningNetwork(data));
      console.log(`${joining.organisation.name} is a member`);
    });

  org
    .command('remove')
    .description('take an organisation out of all channels, and stop its nodes')
    .argument('<name>')
    .option(...DATA)
    .option('--erase', 'delete its ledgers and keys as well', false)
    .action(async (name: string, { data, erase }: { data: string; erase: boolean }) => {
      await removeOrganisation(name, { ...(await runningNetwork(data)), erase });
      console.log(`${name} is no member any more`);
    });

  org
    .command('revoke')
    .description(
      'have the certificate of a node or user refused, by the nodes now and by verifiers from the next bundle on',
    )
    .argument('<organisation>')
    .argument('<name>', 'such as peer1 or User1')
    .option(...DATA)
    .action(async (organisation: string, name: string, { data }: { data: string }) => {
      await revokeEverywhere(organisation, name, await runningNetwork(data));
      console.log(`${name} of ${organisation} is refused; renew it, and make the next trust bundle`);
    });
}
