import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { canonicalJson, parseCanonicalJson } from '@spondon/protocol/canonical';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { ProtocolError } from '@spondon/protocol/error';
import {
  assembleTrustBundle,
  openTrustBundle,
  trustFingerprint,
  type TrustBundle,
  type TrustSignature,
} from '@spondon/protocol/trust';
import { parseTrustPayload, type TrustPayload, type TrustSigner } from '@spondon/protocol/trust/payload';
import { NetworkError } from '../error.js';
import { native } from '../layout.js';
import { readTopology } from '../native/kept-topology.js';
import { DATA } from './options.js';
import { draftTrust } from '../trust/draft.js';
import { makeTrustKey, readTrustKey, signDraft, signerOf } from '../trust/key.js';
import { LIFETIME_MS, makeTrust } from '../trust/make.js';

/** `trust …`: bundles of the regulators, in single steps for keys that stay offline, or in one for a trial. */
export function addTrust(program: Command): void {
  const trust = program
    .command('trust')
    .description('whom verifiers believe: the bundle that the regulators sign with offline keys');
  addSteps(trust);
  addTrial(trust);
}

function addSteps(trust: Command): void {
  trust
    .command('keys')
    .description("make a regulator's offline key; its public half goes to <file>.public")
    .argument('<file>', 'where the private key goes; never replaced')
    .action(async (file: string) => {
      const signer = await makeTrustKey(file);
      await writeFile(`${file}.public`, canonicalJson(signer));
      console.log(`key ${signer.kid}; keep ${file} offline, hand out ${file}.public`);
    });

  trust
    .command('draft')
    .description('write what is to be signed, from the network in the data folder')
    .requiredOption('--signer <files...>', 'public keys of all regulators')
    .option(...DATA)
    .option('--channel <name>', 'which channel', 'records')
    .option('--host <hosts...>', 'hosts of verification pages; as in the previous bundle unless said')
    .option('--expires <day>', 'last day, as 2027-12-31; 400 days from now unless said')
    .option('--previous <bundle>', 'the bundle that this one succeeds')
    .requiredOption('-o, --output <file>', 'where the draft goes')
    .action((options: DraftOptions) => told(() => draft(options)));

  trust
    .command('sign')
    .description('sign a draft with one offline key, after showing what it says')
    .argument('<draft>')
    .requiredOption('--key <file>', 'the private key')
    .action((file: string, { key }: { key: string }) =>
      told(async () => {
        const payload = await readDraft(file);
        describe(payload);
        const privateKey = await readTrustKey(key);
        const output = `${file}.${signerOf(privateKey).kid}`;
        await writeFile(output, canonicalJson({ ...(await signDraft(payload, privateKey)) }));
        console.log(`signature ${output}`);
      }),
    );

  trust
    .command('assemble')
    .description('put a draft and all its signatures together')
    .argument('<draft>')
    .argument('<signatures...>')
    .option('--previous <bundle>', 'the bundle that it succeeds')
    .requiredOption('-o, --output <file>', 'where the bundle goes')
    .action(
      (file: string, signatures: string[], { previous, output }: { previous?: string; output: string }) =>
        told(async () => {
          const parts = await Promise.all(signatures.map((each) => readJson<TrustSignature>(each)));
          const text = assembleTrustBundle(await readDraft(file), parts);
          describe((await open(text, { ...(previous !== undefined && { previous }) })).payload);
          await writeFile(output, text);
        }),
    );

  trust
    .command('check')
    .description('verify a bundle, and say what is in it')
    .argument('<bundle>')
    .option('--previous <bundle>', 'the bundle that it is to succeed')
    .option('--pin <fingerprint>', 'the fingerprint that it is to have')
    .action((file: string, options: { previous?: string; pin?: string }) =>
      told(async () => describe((await open(await readText(file), options)).payload)),
    );
}

function addTrial(trust: Command): void {
  trust
    .command('make')
    .description('for trials: draft, sign and assemble at once, with keys kept in the data folder')
    .option(...DATA)
    .option('--channel <name>', 'which channel', 'records')
    .option('--host <hosts...>', 'hosts of verification pages; as before unless said')
    .action(({ data, channel, host }: { data: string; channel: string; host?: string[] }) =>
      told(async () => {
        const topology = await readTopology(data);
        const subject = { channel, ...(host && { hosts: host }) };
        const { file, bundle } = await makeTrust(topology, native(resolve(data)), subject, Date.now());
        describe(bundle.payload);
        console.log(file);
      }),
    );
}

interface DraftOptions {
  readonly signer: readonly string[];
  readonly data: string;
  readonly channel: string;
  readonly host?: readonly string[];
  readonly expires?: string;
  readonly previous?: string;
  readonly output: string;
}

async function draft({ signer, data, channel, host, expires, previous, output }: DraftOptions) {
  const now = Date.now();
  const signers = await Promise.all(signer.map((each) => readJson<TrustSigner>(each)));
  // An expired bundle still has a successor.
  const before = previous === undefined ? null : await open(await readText(previous), {}, 0);
  const subject = {
    channel,
    hosts: host ?? before?.payload.hosts ?? [],
    signers,
    expires: expires === undefined ? now + LIFETIME_MS : endOf(expires),
    previous: before,
  };
  const payload = await draftTrust(await readTopology(data), native(resolve(data)), subject, now);
  describe(parseTrustPayload(payload));
  await writeFile(output, canonicalJson(payload));
}

/** The last millisecond of a day, UTC. */
function endOf(day: string): number {
  const end = Date.parse(`${day}T23:59:59.999Z`);
  if (Number.isNaN(end)) throw new NetworkError('TRUST', `${day} is not a day such as 2027-12-31`);
  return end;
}

function describe(payload: TrustPayload): void {
  const { version, channel, chaincodes, hosts, msps, policy, signers, outgoing, expires } = payload;
  console.log(`version ${version} about channel ${channel}, until ${new Date(expires).toISOString()}`);
  console.log(`chaincodes ${chaincodes.map((each) => `${each.name} ${each.version}`).join(', ')}`);
  console.log(`pages at ${hosts.join(', ') || 'no host'}`);
  for (const { mspId, owner, roots, crls, until } of msps) {
    const end = until === undefined ? '' : `, ended ${new Date(until).toISOString()}`;
    console.log(`${mspId} (${owner}): ${roots.length} roots, ${crls.length} revocation lists${end}`);
  }
  console.log(`asks for ${policy.all.join(', ')} and ${policy.otherOwners} further`);
  console.log(
    `signed by ${namesOf(signers)}${outgoing.length > 0 ? `, and by ${namesOf(outgoing)}, which leave` : ''}`,
  );
  console.log(`fingerprint ${trustFingerprint(signers, sha256)}`);
}

function namesOf(signers: readonly TrustSigner[]): string {
  return signers.map(({ kid }) => kid).join(', ');
}

async function open(
  text: string,
  { previous, pin }: { readonly previous?: string; readonly pin?: string },
  now = Date.now(),
): Promise<TrustBundle> {
  const before = previous === undefined ? undefined : await open(await readText(previous), {}, 0);
  return openTrustBundle(text, {
    now,
    hash: sha256,
    verify,
    ...(pin !== undefined && { pin }),
    ...(before && { previous: before }),
  });
}

async function readDraft(file: string): Promise<TrustPayload> {
  return parseTrustPayload(parseCanonicalJson(await readText(file)));
}

/** What is in it is checked by whoever uses it. */
async function readJson<T>(file: string): Promise<T> {
  return parseCanonicalJson(await readText(file)) as T;
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new NetworkError('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  });
}

/** The protocol's refusals, in this room's words. */
async function told(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new NetworkError('TRUST', `${error.code}: ${error.message}`, { cause: error });
  }
}
