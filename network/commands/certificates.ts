import type { Command } from 'commander';
import { expiries, renew } from '../native/certificates.js';
import { DATA } from './options.js';
import { runningNetwork } from './running-network.js';

const DAY_MS = 24 * 60 * 60_000;

/** `certificates`, `renew`. */
export function addCertificates(program: Command): void {
  program
    .command('certificates')
    .description('say when certificates end; ends with 1 when one does soon')
    .option('--within <days>', 'what soon is', Number, 30)
    .option(...DATA)
    .action(async ({ within, data }: { within: number; data: string }) => {
      const soon = Date.now() + within * DAY_MS;
      for (const { holder, use, until } of await expiries(data)) {
        const mark = until.getTime() < soon ? ' soon' : '';
        console.log(`${until.toISOString().slice(0, 10)} ${use.padEnd(14)} ${holder}${mark}`);
        if (mark !== '') process.exitCode = 1;
      }
    });

  program
    .command('renew')
    .description("new certificates for an organisation's nodes and users, one after the other")
    .argument('<organisation>')
    .argument('[node]', 'only this one: orderer1, peer1, User1, Admin')
    .option('--days <days>', 'how long they are good for', Number, 365)
    .option(...DATA)
    .action(
      async (
        organisation: string,
        node: string | undefined,
        { days, data }: { days: number; data: string },
      ) => {
        await renew(organisation, node, { ...(await runningNetwork(data)), days });
        console.log('renewed');
      },
    );
}
