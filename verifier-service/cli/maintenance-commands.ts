import type { Command } from 'commander';
import type { Context } from './context.js';

/** What is done to a data folder itself, without a service. */
export function addMaintenanceCommands(program: Command, context: Context): void {
  const { options, terminal } = context;

  program
    .command('fsck')
    .description('check everything in the data folder; the service must be stopped')
    .action(async () => {
      context.endWith(await (await maintenance()).checkEverything(options().data, terminal));
    });

  program
    .command('reindex')
    .description('rebuild tiles and lookup index from the ledger; the service must be stopped')
    .action(async () => (await maintenance()).reindex(options().data, terminal));

  program
    .command('tidy')
    .description('remove encrypted files that no document names; the service must be stopped')
    .option('--alone', 'no other service keeps documents on the nodes of SPONDON_KUBO')
    .action(async ({ alone = false }: { alone?: boolean }) =>
      (await maintenance()).tidy(options().data, alone, terminal),
    );

  program
    .command('backup')
    .description('copy everything into a new folder; the service may go on')
    .argument('<folder>')
    .option('--without-database', 'PostgreSQL is backed up by other means, and that has ended')
    .action(async (folder: string, { withoutDatabase = false }: { withoutDatabase?: boolean }) =>
      (await maintenance()).backUp(options().data, folder, withoutDatabase, terminal),
    );

  program
    .command('restore')
    .description('make the data folder anew from a backup; it must not exist')
    .argument('<folder>', 'the backup')
    .action(async (folder: string) => (await maintenance()).restore(folder, options().data, terminal));

  program
    .command('change-master-key')
    .description('seal everything under a new master key; the service must be stopped')
    .addHelpText(
      'after',
      `
  Without SPONDON_MASTER_KEY a new key takes the place of <data>/master.key, and the old one is kept beside it.
  With it, the new key is read from SPONDON_NEW_MASTER_KEY.`,
    )
    .action(async () => (await maintenance()).changeKey(options().data, terminal));

  program
    .command('move-database')
    .description(
      'copy service.db into the empty PostgreSQL of SPONDON_DATABASE_URL; the service must be stopped',
    )
    .action(async () => (await maintenance()).moveToPostgres(options().data, terminal));

  program
    .command('renew-report-key')
    .description(
      'have the next start make a new key and certificate for reports; the service must be stopped',
    )
    .action(async () => (await maintenance()).renewReportKey(options().data, terminal));
}

/** Loaded when needed: most commands only ask the service, and should answer at once. */
function maintenance() {
  return import('./maintenance.js');
}
