import type { Command } from 'commander';
import { upgradeChaincode } from '../native/upgrade.js';
import { DATA } from './options.js';
import { runningNetwork } from './running-network.js';

/** `chaincode upgrade`. */
export function addChaincode(program: Command): void {
  program
    .command('chaincode')
    .description('the contract of a channel')
    .command('upgrade')
    .description('bring the contract of this release into use, beside the one that runs, then instead of it')
    .requiredOption('--version <version>', 'what the new version is called')
    .option('--channel <name>', 'where', 'records')
    .option(...DATA)
    .action(async ({ version, channel, data }: { version: string; channel: string; data: string }) => {
      await upgradeChaincode(channel, version, await runningNetwork(data));
      console.log(`${channel} uses version ${version}`);
    });
}
