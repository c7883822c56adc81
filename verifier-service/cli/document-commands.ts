import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { DOCUMENT_KINDS, REVOCATION_REASONS } from '@spondon/protocol/statement';
import type { Context } from './context.js';
import { readJsonFile } from './json-file.js';
import { print, printIssued, put } from './print.js';

interface IssueOptions {
  readonly kind?: string;
  readonly claims?: string;
  readonly supersedes?: string;
  readonly patient?: string;
  readonly language: string;
  readonly page: string;
  readonly corner: string;
  readonly batch?: string;
  readonly csv?: string;
}

/** What a facility does with its documents. */
export function addDocumentCommands(program: Command, context: Context): void {
  const { facility, options, terminal } = context;
  const { stdout } = terminal;
  program
    .command('issue')
    .description('issue a document, or with --batch every document of a folder')
    .argument('[file]', 'PDF, PNG or JPEG')
    .addOption(new Option('--kind <kind>', 'what it is').choices(DOCUMENT_KINDS))
    .option('--claims <json>', 'file with {subject, facts}')
    .option('--supersedes <code>', 'the document that it replaces')
    .option('--patient <id>', "the patient's token")
    .addOption(new Option('--language <language>', 'of the stamp').choices(['en', 'bn']).default('en'))
    .option('--page <page>', 'first, last or a number', 'first')
    .option('--corner <corner>', 'where the stamp goes', 'bottom-right')
    .option('--batch <folder>', 'folder with files')
    .option('--csv <sheet>', 'a row for each file: file, kind, name, birthDate, facts…')
    .action(async (file: string | undefined, given: IssueOptions) => {
      const { batch, csv, kind, claims } = given;
      if (batch !== undefined && csv !== undefined) {
        const { issueBatch } = await import('./batch.js');
        context.endWith(await issueBatch(facility(), batch, csv, terminal));
        return;
      }
      if (file === undefined || kind === undefined || claims === undefined) {
        throw new Error('Give a file with --kind and --claims, or --batch with --csv');
      }
      const details = {
        kind,
        claims: await readJsonFile(claims),
        language: given.language,
        page: /^\d+$/.test(given.page) ? Number(given.page) : given.page,
        corner: given.corner,
        ...(given.supersedes === undefined ? {} : { supersedes: given.supersedes }),
        ...(given.patient === undefined ? {} : { patientId: given.patient }),
      };
      const issued = await facility().issue(await readFile(file), details, randomUUID());
      printIssued(stdout, issued, options().json);
    });

  program
    .command('file')
    .description('fetch a stamped document, as the facility that issued it')
    .argument('<code>')
    .requiredOption('-o, --output <file>', 'where to put it')
    .action(async (code: string, { output }: { output: string }) =>
      put(stdout, await facility().file(code), output),
    );

  program
    .command('show')
    .description('show a document and its state, as the facility that issued it')
    .argument('<code>')
    .action(async (code: string) => print(stdout, JSON.stringify(await facility().document(code), null, 2)));

  program
    .command('revoke')
    .description('withdraw a document')
    .argument('<code>')
    .addOption(
      new Option('--reason <reason>', 'why')
        .choices(REVOCATION_REASONS.filter((reason) => reason !== 'superseded'))
        .makeOptionMandatory(),
    )
    .action(async (code: string, { reason }: { reason: string }) => {
      const { documentId } = await facility().revoke(code, reason);
      print(stdout, `${documentId} is revoked (${reason}); the revocation is being anchored`);
    });

  program
    .command('erase')
    .description('erase the stored file of a document for ever, as the facility that issued it')
    .argument('<code>')
    .requiredOption('--yes', 'it cannot be undone')
    .action(async (code: string) => {
      const { documentId, completeAt } = await facility().erase(code);
      print(
        stdout,
        `The file of ${documentId} is erased here, and in the last backup on ${completeAt.slice(0, 10)}. Its statement ` +
          'stays on the ledger: revoke it as well if the document shall not stand.',
      );
    });
}
