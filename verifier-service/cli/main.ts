import { Command } from 'commander';
import { DEFAULT_DATA_DIR, DEFAULT_PORT, describeSettings } from '../config.js';
import { Client, storedApiKey } from './client.js';
import type { Context, GlobalOptions } from './context.js';
import { addDocumentCommands } from './document-commands.js';
import { addMaintenanceCommands } from './maintenance-commands.js';
import { addOperatorCommands } from './operator-commands.js';
import { printSettings } from './print.js';
import { addVerifyCommands } from './verify-commands.js';

const program = new Command('spondon')
  .description('Issue, anchor and verify documents')
  .option(
    '--url <origin>',
    'where the service is',
    process.env.SPONDON_URL ?? `http://localhost:${process.env.SPONDON_PORT ?? DEFAULT_PORT}`,
  )
  .option('--data <folder>', "the service's data folder", process.env.SPONDON_DATA_DIR ?? DEFAULT_DATA_DIR)
  .option('--json', 'answer in JSON', false)
  .addHelpText(
    'after',
    `
Facilities' commands take the API key from SPONDON_API_KEY, the operator's from SPONDON_OPERATOR_KEY;
without these, the sample hospital's and the operator's are read from <data>/credentials.
'verify' ends with 0 when the verdict is valid, 1 on an error, 3 on any other verdict, 4 when it could not be checked.`,
  );

const options = (): GlobalOptions => program.opts<GlobalOptions>();
const context: Context = {
  options,
  facility: () =>
    new Client({ url: options().url, apiKey: () => keyFrom('SPONDON_API_KEY', 'sample-hospital') }),
  operator: () =>
    new Client({ url: options().url, apiKey: () => keyFrom('SPONDON_OPERATOR_KEY', 'operator') }),
};

async function keyFrom(variable: string, name: 'operator' | 'sample-hospital'): Promise<string> {
  return process.env[variable] ?? storedApiKey(options().data, name, variable);
}

addDocumentCommands(program, context);
addVerifyCommands(program, context);
addOperatorCommands(program, context);
addMaintenanceCommands(program, context);
program
  .command('settings')
  .description('list the settings of the service')
  .action(() => printSettings(describeSettings()));

// Whoever reads our output may stop reading, as `head` does: then there is nobody left to tell anything.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// Documents, keys and backups are for their owner alone.
process.umask(0o077);

try {
  // Awaited at the top: if something never settles, the process ends with 13 and not as if all were well.
  await program.parseAsync();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  process.stderr.write(`${code === '' || message.startsWith(code) ? '' : `${code}: `}${message}\n`);
  process.exitCode = 1;
}
