import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DOCUMENT_KINDS, REVOCATION_REASONS } from '@spondon/protocol/statement';
import { ISSUER_KINDS } from '@spondon/protocol/records';
import { describeSettings } from '../config.js';
import { Client, storedApiKey } from './client.js';
import { exitCodeOf, printAnswer, printIssued, printSettings } from './print.js';

interface GlobalOptions {
  readonly url: string;
  readonly data: string;
  readonly json: boolean;
}

const program = new Command('spondon')
  .description('Issue, anchor and verify documents')
  .option(
    '--url <origin>',
    'where the service is',
    process.env.SPONDON_URL ?? `http://localhost:${process.env.SPONDON_PORT ?? '8080'}`,
  )
  .option('--data <folder>', "the service's data folder", process.env.SPONDON_DATA_DIR ?? './data')
  .option('--json', 'answer in JSON', false)
  .addHelpText(
    'after',
    `
Facilities' commands take the API key from SPONDON_API_KEY, the operator's from SPONDON_OPERATOR_KEY;
without these, the sample hospital's and the operator's are read from <data>/credentials.
'verify' ends with 0 when the verdict is valid, 1 on an error, 3 on any other verdict, 4 when it could not be checked.`,
  );

const options = (): GlobalOptions => program.opts<GlobalOptions>();
const facility = (): Client =>
  new Client({ url: options().url, apiKey: () => keyFrom('SPONDON_API_KEY', 'sample-hospital') });
const operator = (): Client =>
  new Client({ url: options().url, apiKey: () => keyFrom('SPONDON_OPERATOR_KEY', 'operator') });

async function keyFrom(variable: string, name: 'operator' | 'sample-hospital'): Promise<string> {
  return process.env[variable] ?? storedApiKey(options().data, name);
}

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
      process.exitCode = await issueBatch(facility(), batch, csv);
      return;
    }
    if (file === undefined || kind === undefined || claims === undefined) {
      throw new Error('Give a file with --kind and --claims, or --batch with --csv');
    }
    const details = {
      kind,
      claims: JSON.parse(await readFile(claims, 'utf8')) as unknown,
      language: given.language,
      page: /^\d+$/.test(given.page) ? Number(given.page) : given.page,
      corner: given.corner,
      ...(given.supersedes === undefined ? {} : { supersedes: given.supersedes }),
      ...(given.patient === undefined ? {} : { patientId: given.patient }),
    };
    printIssued(await facility().issue(await readFile(file), details, randomUUID()), options().json);
  });

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
      printAnswer(answer, options().json);
      process.exitCode = exitCodeOf(answer.verdict);
    },
  );

program
  .command('evidence')
  .description('fetch the evidence file of a document')
  .argument('<code>')
  .option('-o, --output <file>', 'where to put it; otherwise to standard output')
  .action(async (code: string, { output }: { output?: string }) =>
    put(await facility().evidence(code), output),
  );

program
  .command('trust')
  .description('fetch the trust bundle; keep it, and compare its fingerprint by another way')
  .option('-o, --output <file>', 'where to put it; otherwise to standard output')
  .action(async ({ output }: { output?: string }) => put(await facility().trust(), output));

program
  .command('file')
  .description('fetch a stamped document, as the facility that issued it')
  .argument('<code>')
  .requiredOption('-o, --output <file>', 'where to put it')
  .action(async (code: string, { output }: { output: string }) => put(await facility().file(code), output));

program
  .command('show')
  .description('show a document and its state, as the facility that issued it')
  .argument('<code>')
  .action(async (code: string) =>
    put(`${JSON.stringify(await facility().document(code), null, 2)}\n`, undefined),
  );

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
    await put(`${documentId} is revoked (${reason}); the revocation is being anchored\n`, undefined);
  });

program
  .command('erase')
  .description('erase the stored file of a document for ever, as the facility that issued it')
  .argument('<code>')
  .requiredOption('--yes', 'it cannot be undone')
  .action(async (code: string) => {
    const { documentId, completeAt } = await facility().erase(code);
    await put(
      `The file of ${documentId} is erased here, and in the last backup on ${completeAt.slice(0, 10)}. Its statement ` +
        'stays on the ledger: revoke it as well if the document shall not stand.\n',
      undefined,
    );
  });

program
  .command('admit')
  .description('admit a facility')
  .argument('<issuerId>', 'registry code, such as bd.dghs.10012345')
  .requiredOption('--name <name>', "the facility's name")
  .addOption(new Option('--kind <kind>', 'what it is').choices(ISSUER_KINDS).makeOptionMandatory())
  .requiredOption('--licence <number>', 'its licence')
  .requiredOption('--telephone <number>', 'where verifiers can ask')
  .option('--jwk <file>', 'its public key (JWK), when it signs at home')
  .action(async (issuerId: string, { jwk, ...facts }: { jwk?: string } & Record<string, string>) => {
    await show(operator().admit({ issuerId, ...facts, ...(await publicKeyIn(jwk)) }));
  });

program
  .command('suspend')
  .description('suspend a facility: it cannot issue; what it issued stands, and says so')
  .argument('<issuerId>')
  .action((issuerId: string) => show(operator().suspend(issuerId)));

program
  .command('reinstate')
  .description('end a suspension')
  .argument('<issuerId>')
  .action((issuerId: string) => show(operator().reinstate(issuerId)));

program
  .command('rotate-key')
  .description('give a facility a new signing key and end the old one')
  .argument('<issuerId>')
  .addOption(new Option('--why <reason>', 'why').choices(['rotated', 'compromised']).default('rotated'))
  .option('--jwk <file>', 'its new public key (JWK), when it signs at home')
  .action(async (issuerId: string, { why, jwk }: { why: string; jwk?: string }) =>
    show(operator().rotateKey(issuerId, { why, ...(await publicKeyIn(jwk)) })),
  );

program
  .command('end-key')
  .description('end a signing key; a compromised one also in the past')
  .argument('<issuerId>')
  // An option, because an id may begin with a hyphen.
  .requiredOption('--kid <kid>', "the key's id, as 'facilities' shows it")
  .addOption(new Option('--why <reason>', 'why').choices(['rotated', 'compromised']).makeOptionMandatory())
  .option('--since <time>', 'when it ends or ended, such as 2026-11-20T08:00:00+06:00; otherwise now')
  .action((issuerId: string, { kid, ...end }: { kid: string; why: string; since?: string }) =>
    show(operator().endKey(issuerId, kid, end)),
  );

program
  .command('annul')
  .description('annul the revocation of a document: it stands again')
  .argument('<issuerId>', 'the facility that issued it')
  .argument('<code>')
  .action(async (issuerId: string, code: string) => {
    await operator().annul(issuerId, code);
    await put(`The revocation of ${code} is annulled\n`, undefined);
  });

program
  .command('facilities')
  .description('show every facility that was admitted, or one, with its keys')
  .argument('[issuerId]')
  .action(async (issuerId?: string) => {
    const { issuers } = await operator().issuers();
    const found = issuers.filter((each) => issuerId === undefined || each.issuerId === issuerId);
    if (issuerId !== undefined && found.length === 0) throw new Error(`No facility ${issuerId} is admitted`);
    await show(Promise.resolve(found));
  });

program
  .command('api-key')
  .description('issue an API key to a facility (shown once), or end one with --end')
  .argument('<issuerId>')
  .option('--end <id>', 'the id in the middle of the key')
  .action(async (issuerId: string, { end }: { end?: string }) => {
    if (end === undefined) return show(operator().newApiKey(issuerId));
    await operator().endApiKey(end);
    return put(`API key ${end} is ended\n`, undefined);
  });

program
  .command('fsck')
  .description('check everything in the data folder; the service must be stopped')
  .action(async () => {
    process.exitCode = await (await maintenance()).checkEverything(options().data);
  });

program
  .command('reindex')
  .description('rebuild tiles and lookup index from the ledger; the service must be stopped')
  .action(async () => (await maintenance()).reindex(options().data));

program
  .command('tidy')
  .description('remove encrypted files that no document names; the service must be stopped')
  .action(async () => (await maintenance()).tidy(options().data));

program
  .command('backup')
  .description('copy everything into a new folder; the service may go on')
  .argument('<folder>')
  .action(async (folder: string) => (await maintenance()).backUp(options().data, folder));

program
  .command('restore')
  .description('make the data folder anew from a backup; it must not exist')
  .argument('<folder>', 'the backup')
  .action(async (folder: string) => (await maintenance()).restore(folder, options().data));

program
  .command('change-master-key')
  .description('seal everything under a new master key; the service must be stopped')
  .addHelpText(
    'after',
    `
Without SPONDON_MASTER_KEY a new key takes the place of <data>/master.key, and the old one is kept beside it.
With it, the new key is read from SPONDON_NEW_MASTER_KEY.`,
  )
  .action(async () => (await maintenance()).changeKey(options().data));

program
  .command('settings')
  .description('list the settings of the service')
  .action(() => printSettings(describeSettings()));

/** Loaded when needed: most commands only ask the service, and should answer at once. */
function maintenance() {
  return import('./maintenance.js');
}

async function put(content: string | Uint8Array, output: string | undefined): Promise<void> {
  if (output === undefined) process.stdout.write(content);
  else await writeFile(output, content);
}

async function publicKeyIn(file: string | undefined): Promise<{ jwk?: unknown }> {
  return file === undefined ? {} : { jwk: JSON.parse(await readFile(file, 'utf8')) as unknown };
}

async function show(answer: Promise<unknown>): Promise<void> {
  await put(`${JSON.stringify(await answer, null, 2)}\n`, undefined);
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number of hours above 0');
  return value;
}

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
