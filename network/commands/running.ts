import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { down } from '../native/down.js';
import { findFabric } from '../native/fabric.js';
import { initialise } from '../native/initialise.js';
import { holdsNetwork, readTopology } from '../native/kept-topology.js';
import { status, type NodeStatus } from '../native/status.js';
import { up } from '../native/up.js';
import { nativePart, parseTopology } from '../topology.js';
import { makeTrialTrust } from '../trust/make.js';
import { DATA } from './options.js';

/** `up`, `down`, `status`. */

const TRIAL_TOPOLOGY = new URL('../../topology.json', import.meta.url);

export function addRunning(program: Command): void {
  program
    .command('up')
    .description('start it, or what is missing of it')
    .option(...DATA)
    .option('--topology <file>', 'description of a new network, instead of the trial network')
    .action(async ({ data, topology }: { data: string; topology?: string }) => {
      const description =
        topology === undefined && holdsNetwork(data)
          ? await readTopology(data)
          : nativePart(parseTopology(await readFile(topology ?? TRIAL_TOPOLOGY, 'utf8')));
      const fabric = await findFabric(description.release, process.env);
      await up({ topology: description, fabric, folder: data, say: (step) => console.log(step) });
      await initialise(description, data);
      for (const { file } of await makeTrialTrust(description, data, Date.now()))
        console.log(`trust bundle ${file}`);
      console.log(`up; connection settings are in ${data}/connections`);
    });

  program
    .command('down')
    .description('stop it')
    .option(...DATA)
    .option('--erase', 'delete its ledgers and keys as well', false)
    .action(async ({ data, erase }: { data: string; erase: boolean }) => {
      await down({ folder: data, erase });
      console.log(erase ? 'down, and erased' : 'down');
    });

  program
    .command('status')
    .description('say what runs; ends with 1 unless all does')
    .option(...DATA)
    .action(async ({ data }: { data: string }) => {
      const nodes = await status(data);
      for (const each of nodes) console.log(lineOf(each));
      if (nodes.some(({ state }) => state !== 'running')) process.exitCode = 1;
    });
}

function lineOf({ node, pid, state, heights, leaders }: NodeStatus): string {
  const channels = [...heights].map(([channel, height]) => {
    const leader = leaders.get(channel);
    return `${channel} ${height}${leader === undefined ? '' : `, leader ${leader}`}`;
  });
  return [node.host.padEnd(36), state.padEnd(8), String(pid ?? '-').padEnd(8), channels.join('; ')]
    .join(' ')
    .trimEnd();
}
