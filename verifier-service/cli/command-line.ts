import { Command, CommanderError } from 'commander';
import { DEFAULT_DATA_DIR, DEFAULT_PORT, describeSettings } from '../config.js';
import { messageWithCode } from '../error.js';
import { Client, storedApiKey } from './client.js';
import type { Context, GlobalOptions, Terminal } from './context.js';
import { addDocumentCommands } from './document-commands.js';
import { addMaintenanceCommands } from './maintenance-commands.js';
import { addOperatorCommands } from './operator-commands.js';
import { print, printSettings } from './print.js';
import { addVerifyCommands } from './verify-commands.js';

/** Runs one command, `args` being what follows the program's name. Returns the exit code; never rejects. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode = 0;
  try {
    await programFor(terminal, (code) => (exitCode = code)).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // It has said what is wrong, or given help.
    if (error instanceof CommanderError) return error.exitCode;
    print(terminal.stderr, error instanceof Error ? messageWithCode(error) : String(error));
    return 1;
  }
}

function programFor(terminal: Terminal, endWith: Context['endWith']): Command {
  const { env, stdout, stderr } = terminal;
  const program = new Command('spondon')
    .description('Issue, anchor and verify documents')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .option(
      '--url <origin>',
      'where the service is',
      env.SPONDON_URL ?? `http://localhost:${env.SPONDON_PORT ?? DEFAULT_PORT}`,
    )
    .option('--data <folder>', "the service's data folder", env.SPONDON_DATA_DIR ?? DEFAULT_DATA_DIR)
    .option('--json', 'answer in JSON', false)
    .addHelpText(
      'after',
      `
Facilities' commands take the API key from SPONDON_API_KEY, the operator's from SPONDON_OPERATOR_KEY;
without these, the sample hospital's and the operator's are read from <data>/credentials.
'verify' ends with 0 when the verdict is valid, 1 on an error, 3 on any other verdict, 4 when it could not be checked.`,
    );

  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  const client = (variable: string, stored: 'operator' | 'sample-hospital'): Client => {
    const { url, data } = options();
    return new Client({ url, apiKey: async () => env[variable] ?? storedApiKey(data, stored, variable) });
  };
  const context: Context = {
    terminal,
    options,
    facility: () => client('SPONDON_API_KEY', 'sample-hospital'),
    operator: () => client('SPONDON_OPERATOR_KEY', 'operator'),
    endWith,
  };
  addDocumentCommands(program, context);
  addVerifyCommands(program, context);
  addOperatorCommands(program, context);
  addMaintenanceCommands(program, context);
  program
    .command('settings')
    .description('list the settings of the service')
    .action(() => printSettings(stdout, describeSettings()));
  return program;
}
