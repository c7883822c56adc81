import { createPublicKey } from 'node:crypto';
import { generatePrivateKey, publicJwkOf, sha256, verify } from '@spondon/protocol/crypto-node';
import type { Verify } from '@spondon/protocol/crypto';
import { verifyEvidence } from '@spondon/protocol/evidence';
import { parseEvidence } from '@spondon/protocol/evidence/file';
import { TODAY } from '@spondon/protocol/testing/mint';
import { mintNetwork, type Network, signPayload, trustPayload } from '@spondon/protocol/testing/network';
import { openTrustBundle, type TrustBundle } from '@spondon/protocol/trust';
import { type Client, createClient, jsonCall } from './client.js';
import { consortiumEvidence } from './consortium-evidence.js';
import { microseconds, percentile, perSecond } from './figures.js';
import { admitHomeSigner, documentHash, openHomeSigner } from './home-signer.js';
import { readOptions } from './options.js';
import { printReport, type Row, tellProgress } from './report.js';
import { removeData, startService } from './service.js';
import { anchorAll, presign } from './statement-load.js';
import { cpuMicroseconds, verificationMicroseconds } from './yardstick.js';

/** Verify evidence without a network: each file read and verified once, the trust bundle opened once, one thread. */

const FLOOR_SIGNATURES = 8;
const PER_REQUEST = 500;

const options = readOptions();
const count = options.quick ? 500 : 4000;
const warmUp = options.quick ? 100 : 800;

interface Evidences {
  readonly files: readonly string[];
  readonly bundle: TrustBundle;
  readonly now: number;
}

tellProgress('making evidence of a consortium');
const network = await mintNetwork();
const rows = [
  ...(await measure('consortium, peers and issuers never met before', await ofConsortium(network, true))),
  ...(await measure('consortium, peers and issuer met before', await ofConsortium(network, false))),
  ...floor(),
];
tellProgress('fetching evidence from the embedded service');
const { evidences, making } = await ofEmbeddedService();
rows.push(...(await measure('embedded', evidences)));
rows.push({ figure: 'embedded: evidence made by the service, POST /v1/evidence', result: perSecond(making) });
const settings = { files: count, 'files before': warmUp, 'endorsements of a consortium': 3 };
await printReport(
  'Verify evidence offline, a second of one processor',
  { ...settings, 'hashes in a path': 20 },
  rows,
);

async function measure(name: string, from: Evidences): Promise<Row[]> {
  tellProgress(`verifying evidence: ${name}`);
  const signatures = await countSignatures(from);
  await verifyFiles(from, from.files.slice(0, warmUp), verify);
  const files = from.files.slice(warmUp);
  const rate = await perCpuSecond(files.length, () => verifyFiles(from, files, verify));
  const bytes = percentile(
    files.map(({ length }) => length),
    0.5,
  );
  return [
    { figure: `${name}: verified`, result: perSecond(rate), goal: '≥ 1,000/s' },
    { figure: `${name}: signatures in a file, its bytes`, result: `${signatures}, ${bytes}` },
  ];
}

/** How often a second of processor time lets it be done, which others on this machine hardly change. */
async function perCpuSecond(times: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (times * 1e6) / (user + system);
}

async function verifyFiles(
  { bundle, now }: Evidences,
  files: readonly string[],
  using: Verify,
): Promise<void> {
  for (const file of files) {
    const { checks } = await verifyEvidence(parseEvidence(file), {
      bundle,
      now,
      hash: sha256,
      verify: using,
    });
    const failed = checks.find(({ state }) => state !== 'passed');
    if (failed) throw new Error(`Good evidence was refused: ${failed.code}`);
  }
}

async function countSignatures(from: Evidences): Promise<number> {
  let signatures = 0;
  const counting: Verify = (...call) => {
    signatures += 1;
    return verify(...call);
  };
  await verifyFiles(from, from.files.slice(0, 1), counting);
  return signatures;
}

/** What signatures and keys alone cost: nothing that uses them can be faster. */
function floor(): Row[] {
  const jwk = { ...publicJwkOf(generatePrivateKey('P-256')) };
  const verification = verificationMicroseconds();
  const keyImport = cpuMicroseconds(() => void createPublicKey({ key: jwk, format: 'jwk' }));
  return [
    {
      figure: `floor: the work of ${FLOOR_SIGNATURES} signatures`,
      result: perSecond(1e6 / (verification * FLOOR_SIGNATURES)),
    },
    {
      figure: 'one signature verified, one key imported',
      result: `${microseconds(verification)}, ${microseconds(keyImport)}`,
    },
  ];
}

async function ofConsortium(of: Network, strangers: boolean): Promise<Evidences> {
  const text = await signPayload(of, trustPayload(of));
  const bundle = await openTrustBundle(text, { now: TODAY, hash: sha256, verify });
  return { files: await consortiumEvidence(of, warmUp + count, strangers), bundle, now: TODAY };
}

async function ofEmbeddedService(): Promise<{ evidences: Evidences; making: number }> {
  const service = await startService({ env: { SPONDON_SAMPLES: 'false' }, profile: options.profile });
  const client = createClient(service.url, 1);
  const signer = openHomeSigner(await admitHomeSigner(service, client));
  await anchorAll(client, 1, await presign(signer, 0, warmUp + count));
  const begun = performance.now();
  const files: string[] = [];
  for (let from = 0; from < warmUp + count; from += PER_REQUEST) {
    files.push(...(await fetchEvidence(client, from, Math.min(PER_REQUEST, warmUp + count - from))));
  }
  const making = (files.length * 1000) / (performance.now() - begun);
  const { text } = await client.send({ path: '/v1/trust' });
  client.close();
  await service.stop();
  await removeData(service);
  const now = Date.now();
  const bundle = await openTrustBundle(text, { now, hash: sha256, verify });
  return { evidences: { files, bundle, now }, making };
}

async function fetchEvidence(client: Client, first: number, many: number): Promise<string[]> {
  const items = Array.from({ length: many }, (_, at) => ({
    sha256: documentHash(first + at).toString('hex'),
  }));
  const call = jsonCall('/v1/evidence', '', { items });
  const { results } = (await client.json(call)) as { results: { evidence?: string }[] };
  return results.map(({ evidence }) => {
    if (evidence === undefined) throw new Error('There is no evidence of an anchored document');
    return evidence;
  });
}
