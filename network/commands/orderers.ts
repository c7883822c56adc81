import type { Command } from 'commander';
import { addOrderer, removeOrderer, startOrdererAnew } from '../native/orderers.js';
import { DATA } from './options.js';
import { runningNetwork } from './running-network.js';

/** `orderer add`, `orderer restart`, `orderer remove`. */
export function addOrderers(program: Command): void {
  const orderer = program.command('orderer').description('orderers of the network that runs');

  orderer
    .command('add')
    .description('start another orderer of a regulator, on ports of its own, and let it take part')
    .argument('<organisation>')
    .argument('<name>')
    .option(...DATA)
    .action(async (organisation: string, name: string, { data }: { data: string }) => {
      await addOrderer(organisation, name, await runningNetwork(data));
      console.log(`${name} of ${organisation} orders`);
    });

  orderer
    .command('restart')
    .description('start it anew, and wait until it takes part; for one that is behind and stays there')
    .argument('<organisation>')
    .argument('<name>')
    .option(...DATA)
    .action(async (organisation: string, name: string, { data }: { data: string }) => {
      await startOrdererAnew(organisation, name, await runningNetwork(data));
      console.log(`${name} of ${organisation} orders again`);
    });

  orderer
    .command('remove')
    .description('let the others go on without it, and stop it')
    .argument('<organisation>')
    .argument('<name>')
    .option(...DATA)
    .option('--erase', 'delete its ledger and keys as well', false)
    .action(async (organisation: string, name: string, { data, erase }: { data: string; erase: boolean }) => {
      await removeOrderer(organisation, name, { ...(await runningNetwork(data)), erase });
      console.log(`${name} of ${organisation} does not order any more`);
    });
}
