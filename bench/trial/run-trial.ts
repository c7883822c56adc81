import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { readBanglaFont } from '@spondon/fixtures/bangla-font';
import { sampleDocument } from '@spondon/fixtures/documents';
import { seededRandom } from '@spondon/fixtures/random';
import { files, native } from '@spondon/network/layout';
import { initialise } from '@spondon/network/native/initialise';
import { organisationNamed, type Topology } from '@spondon/network/topology';
import { makeTrust } from '@spondon/network/trust/make';
import { Client, storedApiKey } from '@spondon/verifier-service/cli/client';
import { runCommandLine } from '@spondon/verifier-service/cli/command-line';
import { readConfig } from '@spondon/verifier-service/config';
import { keepOperatorKey } from '@spondon/verifier-service/deployment/samples';
import { startService, type Deployment } from '@spondon/verifier-service/deployment/start';
import { describeKept } from './kept-document.js';
import type { Stores } from './stores.js';

export interface TrialOptions {
  /** A network that is up. */
  readonly network: { readonly topology: Topology; readonly folder: string };
  /** For the deployments' data and what is shown on the way. */
  readonly folder: string;
  /** The deployments listen on this port and the two after it. */
  readonly port: number;
  readonly stores: Stores;
  readonly say: (line: string) => void;
}

interface Running {
  readonly name: string;
  readonly url: string;
  readonly operator: Client;
  readonly deployment: Deployment;
}

const FACILITY = {
  issuerId: 'bd.dghs.10012345',
  name: 'Trial General Hospital',
  kind: 'hospital',
  licence: 'TRIAL-1',
  telephone: '+880 2 5566 7788',
};
export const ORGANISATIONS = ['dghs', 'dgfp', 'hospital-group'] as const;

/**
 * The whole way of a document among three organisations, each with a deployment of its own: both regulators admit a
 * facility, it issues, the other one's portal verifies, and its evidence is verified with nothing but the trust bundle.
 * Returns how to stop the deployments, which go on.
 */
export async function runTrial(options: TrialOptions): Promise<() => Promise<void>> {
  const { network, stores, folder, port, say } = options;
  const { topology } = network;
  const place = native(resolve(network.folder));
  await initialise(topology, network.folder);
  const hosts = ORGANISATIONS.map((_, at) => `localhost:${port + at}`);
  const { file: trust, bundle } = await makeTrust(topology, place, { channel: 'records', hosts }, Date.now());
  say(`trust bundle      ${trust}, fingerprint ${bundle.fingerprint}`);

  const running: Running[] = [];
  const stop = async () => {
    for (const { deployment } of running.splice(0)) await deployment.close();
  };
  try {
    for (const [at, name] of ORGANISATIONS.entries()) {
      const organisation = organisationNamed(topology, name);
      const each = await startDeployment(name, join(folder, name), port + at, {
        SPONDON_FABRIC: files.connection(place, organisation),
        SPONDON_TRUST_BUNDLE: trust,
        ...stores.settings(name),
      });
      running.push(each);
      say(`${name.padEnd(17)} ${each.url}, its folder ${join(folder, name)}`);
    }
    const [dghs, dgfp, hospitals] = running;
    if (!dghs || !dgfp || !hospitals) throw new TypeError('three deployments');
    say('');
    await admit(hospitals, [dghs, dgfp], say);
    await wholeWay({ from: hospitals, portal: dgfp, trust, folder, stores, say });
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startDeployment(
  name: string,
  data: string,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<Running> {
  await mkdir(data, { recursive: true });
  const url = `http://localhost:${port}`;
  const config = readConfig({
    SPONDON_LEDGER: 'fabric',
    SPONDON_SAMPLES: 'false',
    SPONDON_DATA_DIR: data,
    SPONDON_PORT: String(port),
    ...settings,
  });
  const log = pino({ base: null }, createWriteStream(join(data, 'service.log'), { flags: 'a' }));
  const deployment = await startService(config, log);
  await keepOperatorKey(deployment);
  await deployment.app.listen({ host: config.host, port: config.port });
  const apiKey = () => storedApiKey(data, 'operator', 'SPONDON_OPERATOR_KEY');
  return { name, url, operator: new Client({ url, apiKey }), deployment };
}

/** In an earlier run of the trial, or now. */
async function admit(
  hospitals: Running,
  [first, second]: readonly [Running, Running],
  say: TrialOptions['say'],
) {
  const { issuerId, name } = FACILITY;
  if (hospitals.deployment.issuer(issuerId)) {
    say(`1 admitted        ${name} (${issuerId}), in an earlier run`);
    return;
  }
  const request = (await hospitals.operator.requestAdmission(FACILITY)) as Record<string, unknown>;
  const { decision } = (await first.operator.admit(request)) as { decision: { id: string } };
  await untilTrue(() => second.deployment.registrar.proposals().some(({ id }) => id === decision.id));
  await second.operator.vote(decision.id);
  await untilTrue(() => hospitals.deployment.issuer(issuerId) !== undefined);
  say(`1 admitted        ${name} (${issuerId}), proposed by ${first.name} and voted for by ${second.name}`);
  say(`                  its keys were made at ${hospitals.url} and stay there; decision ${decision.id}`);
}

async function wholeWay(way: {
  readonly from: Running;
  readonly portal: Running;
  readonly trust: string;
  readonly folder: string;
  readonly stores: Stores;
  readonly say: TrialOptions['say'];
}): Promise<void> {
  const { from, portal, trust, folder, stores, say } = way;
  const { apiKey } = await from.operator.newApiKey(FACILITY.issuerId);
  const facility = new Client({ url: from.url, apiKey: () => Promise.resolve(apiKey) });
  const order = {
    kind: 'report',
    language: 'en',
    random: seededRandom(Date.now()),
    issuedAt: new Date(),
  } as const;
  const sample = await sampleDocument({ ...order, banglaFont: await readBanglaFont() });
  const begun = performance.now();
  const since = (): string => `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  const { documentId } = await facility.issue(sample.file, sample.details, `trial-${Date.now()}`);
  say(`2 issued          ${documentId}, acknowledged after ${since()}`);
  await untilTrue(async () => (await facility.document(documentId)).state === 'anchored');
  const { cid = '', index = 0, anchoredAt = '' } = await facility.document(documentId);
  const anchored = `entry ${index} of ${from.name}'s log on Fabric, ${anchoredAt}, after ${since()}`;
  const file = await facility.file(documentId);
  const stamped = join(folder, 'stamped.pdf');
  await writeFile(stamped, file);
  say(`  stamped         ${stamped}, ${file.length} bytes as the hospital gets it back`);
  say(`  encrypted       ${await describeKept(cid, stores.kuboOf(from.name), from.deployment.folders.ipfs)}`);
  say(`3 anchored        ${anchored}`);

  await untilTrue(async () => (await portal.operator.verifyCode(documentId)).verdict === 'valid');
  const { verdict, summary } = await portal.operator.verifyHash(hashOf(file));
  say(`4 portal          ${portal.name} says ${verdict}: ${summary}`);
  say(`                  ${portal.url}/d/${documentId}`);
  const changed = Buffer.from(file);
  changed.writeUInt8(changed.readUInt8(0) ^ 1);
  say(
    `                  and of a copy with one bit changed: ${(await portal.operator.verifyHash(hashOf(changed))).verdict}`,
  );

  const evidence = join(folder, 'evidence.json');
  await writeFile(evidence, await portal.operator.evidence(documentId));
  const said: string[] = [];
  const output = { write: (text: string | Uint8Array) => said.push(String(text)) };
  const args = ['verify', stamped, '--evidence', evidence, '--trust', trust];
  const code = await runCommandLine(args, { env: {}, stdout: output, stderr: output });
  say(`5 offline         npx spondon ${args.join(' ')}`);
  for (const line of said.join('').trimEnd().split('\n')) say(`                  ${line}`);
  if (code !== 0) throw new Error(`the evidence does not convince: 'verify' ended with ${code}`);
  say('\nTo issue more as this hospital:');
  say(`  SPONDON_API_KEY=${apiKey} SPONDON_URL=${from.url} npx spondon issue …`);
}

const hashOf = (file: Uint8Array): string => createHash('sha256').update(file).digest('hex');

const PATIENCE_MS = 120_000;

async function untilTrue(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('the network took too long; see the logs of the deployments');
    await delay(50);
  }
}
