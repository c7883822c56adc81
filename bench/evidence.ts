import { createPublicKey, generateKeyPairSync, sign, verify as verifySignature } from 'node:crypto';
import { jwkFromPublicKey, publicKeyFromJwk, type Verify } from '@spondon/protocol/crypto';
import { publicJwkOf, sha256, verify } from '@spondon/protocol/crypto-node';
import { parseEvidence, verifyEvidence } from '@spondon/protocol/evidence';
import { TODAY } from '@spondon/protocol/testing/mint';
import { mintNetwork, signPayload, trustPayload } from '@spondon/protocol/testing/network';
import { openTrustBundle, type TrustBundle } from '@spondon/protocol/trust';
import { type Client, createClient, jsonCall } from './client.js';
import { consortiumEvidence } from './consortium-evidence.js';
import { milliseconds, percentile, perSecond } from './figures.js';
import { admitHomeSigner, documentHash, openHomeSigner } from './home-signer.js';
import { readOptions } from './options.js';
import { printReport, type Row, tellProgress } from './report.js';
import { removeData, startService } from './service.js';
import { anchorAll, presign } from './statement-load.js';

/** Verify evidence without a network: each file read and verified once, the trust bundle opened once, one thread. */

const FLOOR_SIGNATURES = 8;
const PER_REQUEST = 500;

const options = readOptions();
const count = options.quick ? 500 : 5000;
const warmUp = options.quick ? 100 : 1000;

interface Evidences {
  readonly files: readonly string[];
  readonly bundle: TrustBundle;
  readonly now: number;
}

/** Imports the key at each call, as somebody does who verifies one file. */
const verifyAfresh: Verify = (point, signature, data) => {
  const key = createPublicKey({ key: { ...jwkFromPublicKey(point) }, format: 'jwk' });
  return Promise.resolve(verifySignature('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature));
};

tellProgress('making evidence of a consortium');
const consortium = await ofConsortium();
const rows: Row[] = [await first(consortium), ...(await measure('consortium', consortium, '≥ 1,000/s'))];
rows.push(...floor());
tellProgress('fetching evidence from the embedded service');
const { evidences: embedded, making } = await ofEmbeddedService();
rows.push(...(await measure('embedded', embedded)));
rows.push({
  figure: 'embedded: evidence made by the service (POST /v1/evidence)',
  result: perSecond(making),
});
const settings = {
  files: count,
  'files before': warmUp,
  'consortium: endorsements': 3,
  'hashes in a path': 20,
};
await printReport('Verify evidence offline, one thread', settings, rows);

/** The very first one, with nothing compiled yet: what somebody waits for who verifies one file. */
async function first(evidences: Evidences): Promise<Row> {
  const begun = performance.now();
  await verifyFiles(evidences, evidences.files.slice(0, 1), verifyAfresh);
  return { figure: 'the first file of a new process', result: milliseconds(performance.now() - begun) };
}

async function measure(name: string, evidences: Evidences, goal?: string): Promise<Row[]> {
  const { files } = evidences;
  tellProgress(`verifying evidence: ${name}`);
  const signatures = await countSignatures(evidences);
  const afresh = await rateOf(evidences, verifyAfresh);
  const remembering = await rateOf(evidences, verify);
  const cold = { figure: `${name}: verified, every key imported anew`, result: perSecond(afresh) };
  return [
    goal === undefined ? cold : { ...cold, goal },
    { figure: `${name}: verified, imported keys remembered`, result: perSecond(remembering) },
    { figure: `${name}: signatures verified in a file`, result: String(signatures) },
    {
      figure: `${name}: bytes of a file, p50`,
      result: String(
        percentile(
          files.map((file) => file.length),
          0.5,
        ),
      ),
    },
  ];
}

async function rateOf(evidences: Evidences, using: Verify): Promise<number> {
  await verifyFiles(evidences, evidences.files.slice(0, warmUp), using);
  const files = evidences.files.slice(warmUp);
  const cpu = process.cpuUsage();
  await verifyFiles(evidences, files, using);
  const { user, system } = process.cpuUsage(cpu);
  // Of processor time, which others on this machine do not change.
  return (files.length * 1e6) / (user + system);
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

async function countSignatures(evidences: Evidences): Promise<number> {
  let signatures = 0;
  const counting: Verify = (...call) => {
    signatures += 1;
    return verify(...call);
  };
  await verifyFiles(evidences, evidences.files.slice(0, 1), counting);
  return signatures;
}

/** What the signatures alone cost: nothing that verifies them can be faster. */
function floor(): Row[] {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const data = Buffer.alloc(1500, 'd');
  const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const point = publicKeyFromJwk(publicJwkOf(privateKey));
  const ways = {
    'every key imported anew': () => void verifyAfresh(point, signature, data),
    'imported keys remembered': () =>
      void verifySignature('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature),
  };
  return Object.entries(ways).map(([way, once]) => {
    const cpu = process.cpuUsage();
    for (let done = 0; done < count * 2; done += 1) once();
    const { user, system } = process.cpuUsage(cpu);
    const files = (count * 2 * 1e6) / (user + system) / FLOOR_SIGNATURES;
    return { figure: `floor: ${FLOOR_SIGNATURES} signatures alone, ${way}`, result: perSecond(files) };
  });
}

async function ofConsortium(): Promise<Evidences> {
  const network = await mintNetwork();
  const text = await signPayload(network, trustPayload(network));
  const bundle = await openTrustBundle(text, { now: TODAY, hash: sha256, verify });
  return { files: await consortiumEvidence(network, warmUp + count), bundle, now: TODAY };
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
  return {
    evidences: { files, bundle: await openTrustBundle(text, { now, hash: sha256, verify }), now },
    making,
  };
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
