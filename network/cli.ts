import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { addContainers } from './commands/containers.js';
import { NetworkError } from './error.js';
import { down } from './native/down.js';
import { findFabric } from './native/fabric.js';
import { status, type NodeStatus } from './native/status.js';
import { up } from './native/up.js';
import { nativePart, parseTopology } from './topology.js';

/** `npm run network:up`, `network:down`, `network:status`. */

const TRIAL_TOPOLOGY = new URL('../topology.json', import.meta.url);
const DEFAULT_FOLDER = './network-data';

const program = new Command('network').description(
  'The Fabric network of a consortium, on this machine, for trials',
);

program
  .command('up')
  .description('start it, or what is missing of it')
  .option('--data <folder>', 'what the network keeps', DEFAULT_FOLDER)
  .option('--topology <file>', 'description of the network, instead of the trial network')
  .action(async ({ data, topology }: { data: string; topology?: string }) => {
    const description = nativePart(parseTopology(await readFile(topology ?? TRIAL_TOPOLOGY, 'utf8')));
    const fabric = await findFabric(description.release, process.env);
    await up({ topology: description, fabric, folder: data, say: (step) => console.log(step) });
    console.log(`up; connection settings are in ${data}/connections`);
  });

program
  .command('down')
  .description('stop it')
  .option('--data <folder>', 'what the network keeps', DEFAULT_FOLDER)
  .option('--erase', 'delete its ledgers and keys as well', false)
  .action(async ({ data, erase }: { data: string; erase: boolean }) => {
    await down({ folder: data, erase });
    console.log(erase ? 'down, and erased' : 'down');
  });

program
  .command('status')
  .description('say what runs; ends with 1 unless all does')
  .option('--data <folder>', 'what the network keeps', DEFAULT_FOLDER)
  .action(async ({ data }: { data: string }) => {
    const nodes = await status(data);
    for (const each of nodes) console.log(lineOf(each));
    if (nodes.some(({ state }) => state !== 'running')) process.exitCode = 1;
  });

function lineOf({ node, pid, state, heights, leaders }: NodeStatus): string {
  const channels = [...heights].map(([channel, height]) => {
    const leader = leaders.get(channel);
    return `${channel} ${height}${leader === undefined ? '' : `, leader ${leader}`}`;
  });
  return [node.host.padEnd(36), state.padEnd(8), String(pid ?? '-').padEnd(8), channels.join('; ')]
    .join(' ')
    .trimEnd();
}

addContainers(program);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof NetworkError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
