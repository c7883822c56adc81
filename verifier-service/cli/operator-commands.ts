import { type Command, Option } from 'commander';
import { ISSUER_KINDS } from '@spondon/protocol/records';
import type { Context } from './context.js';
import { readJsonFile } from './json-file.js';
import { print } from './print.js';

/** Facilities, their keys, and what only the operator may undo. */
export function addOperatorCommands(program: Command, { operator, terminal }: Context): void {
  const { stdout } = terminal;
  const show = async (answer: Promise<unknown>): Promise<void> =>
    print(stdout, JSON.stringify(await answer, null, 2));

  const withFacts = (command: Command): Command =>
    command
      .argument('<issuerId>', 'registry code, such as bd.dghs.10012345')
      .requiredOption('--name <name>', "the facility's name")
      .addOption(new Option('--kind <kind>', 'what it is').choices(ISSUER_KINDS).makeOptionMandatory())
      .requiredOption('--licence <number>', 'its licence')
      .requiredOption('--telephone <number>', 'where verifiers can ask')
      .option('--jwk <file>', 'its public key (JWK), when it signs at home');

  withFacts(program.command('admit'))
    .description('admit a facility')
    .action(async (issuerId: string, { jwk, ...facts }: { jwk?: string } & Record<string, string>) => {
      await show(operator().admit({ issuerId, ...facts, ...(await publicKeyIn(jwk)) }));
    });

  withFacts(program.command('request-admission'))
    .description("make a facility's keys, and print the request by which the regulators admit it")
    .action(async (issuerId: string, { jwk, ...facts }: { jwk?: string } & Record<string, string>) => {
      await show(operator().requestAdmission({ issuerId, ...facts, ...(await publicKeyIn(jwk)) }));
    });

  program
    .command('admit-request')
    .description(
      "admit the facility of another organisation, by the request that its deployment's operator sent",
    )
    .argument('<file>', "what 'request-admission' printed there")
    .action(async (file: string) =>
      show(operator().admit((await readJsonFile(file)) as Record<string, unknown>)),
    );

  program
    .command('request-key')
    .description("make a facility's next key, and print its public half for the regulators")
    .argument('<issuerId>')
    .action((issuerId: string) => show(operator().requestKey(issuerId)));

  program
    .command('decisions')
    .description('show what regulators have proposed, and not yet decided')
    .action(() =>
      show(
        operator()
          .decisions()
          .then(({ decisions }) => decisions),
      ),
    );

  program
    .command('decide')
    .description('vote for what another regulator proposed; the last vote carries it out')
    .argument('<id>', "as 'decisions' shows it")
    .action((id: string) => show(operator().vote(id)));

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
      const proposal = await operator().annul(issuerId, code);
      if (proposal === null) print(stdout, `The revocation of ${code} is annulled`);
      else print(stdout, JSON.stringify(proposal, null, 2));
    });

  program
    .command('facilities')
    .description('show every facility that was admitted, or one, with its keys')
    .argument('[issuerId]')
    .action(async (issuerId?: string) => {
      const { issuers } = await operator().issuers();
      const found = issuers.filter((each) => issuerId === undefined || each.issuerId === issuerId);
      if (issuerId !== undefined && found.length === 0)
        throw new Error(`No facility ${issuerId} is admitted`);
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
      print(stdout, `API key ${end} is ended`);
    });
}

async function publicKeyIn(file: string | undefined): Promise<{ jwk?: unknown }> {
  return file === undefined ? {} : { jwk: await readJsonFile(file) };
}
