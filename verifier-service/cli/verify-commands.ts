import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from './context.js';
import { exitCodeOf, printAnswer, put } from './print.js';

/** What anybody may ask. */
export function addVerifyCommands(program: Command, context: Context): void {
  const { facility, options, terminal } = context;
  const { stdout } = terminal;
  program
    .command('verify')
    .description('verify a file or a printed code; with --evidence and --trust, without any network')
    .argument('<file-or-code>')
    .option('--evidence <file>', 'evidence file')
    .option('--trust <file>', 'trust bundle')
    .option('--pin <fingerprint>', 'fingerprint that the trust bundle must have')
    .option('--max-age <hours>', 'how old the status may be', positiveNumber)
    .action(
      async (text: string, given: { evidence?: string; trust?: string; pin?: string; maxAge?: number }) => {
        const { subjectOf, verifyOffline, verifyOnline } = await import('./verify.js');
        const subject = await subjectOf(text);
        const { evidence, trust, pin, maxAge: maxAgeHours } = given;
        if ((evidence === undefined) !== (trust === undefined)) {
          throw new Error('--evidence and --trust go together: both, for a check without the network');
        }
        if (evidence === undefined && (pin !== undefined || maxAgeHours !== undefined)) {
          throw new Error('--pin and --max-age are for a check with --evidence and --trust');
        }
        const answer =
          evidence !== undefined && trust !== undefined
            ? await verifyOffline(subject, { evidence, trust, pin, maxAgeHours }, Date.now())
            : await verifyOnline(facility(), subject, Date.now());
        printAnswer(stdout, answer, options().json);
        context.endWith(exitCodeOf(answer.verdict));
      },
    );

  program
    .command('evidence')
    .description('fetch the evidence file of a document')
    .argument('<code>')
    .option('-o, --output <file>', 'where to put it; otherwise to standard output')
    .action(async (code: string, { output }: { output?: string }) =>
      put(stdout, await facility().evidence(code), output),
    );

  program
    .command('report')
    .description('have the service verify files or printed codes, and fetch its signed report (PDF)')
    .argument('<file-or-code...>', 'up to 500')
    .requiredOption('-o, --output <file>', 'where to put it')
    .addOption(
      new Option('--language <language>', 'which labels come first').choices(['en', 'bn']).default('en'),
    )
    .action(async (texts: string[], { output, language }: { output: string; language: string }) => {
      const { reportedItem, subjectOf } = await import('./verify.js');
      const items = [];
      for (const text of texts) items.push(await reportedItem(await subjectOf(text)));
      await put(stdout, await facility().report(items, language), output);
    });

  program
    .command('trust')
    .description('fetch the trust bundle; keep it, and compare its fingerprint by another way')
    .option('-o, --output <file>', 'where to put it; otherwise to standard output')
    .action(async ({ output }: { output?: string }) => put(stdout, await facility().trust(), output));
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number of hours above 0');
  return value;
}
