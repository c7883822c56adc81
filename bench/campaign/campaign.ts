import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { between, type Random, seededRandom } from '@spondon/fixtures/random';
import { checkData } from '@spondon/verifier-service/deployment/fsck';
import { type Client, createClient } from '../client.js';
import { admitHomeSigner, openHomeSigner } from '../home-signer.js';
import { sampleUploads } from '../sample-upload.js';
import { startService } from '../service.js';
import { type Acknowledged, repeatUnanswered, sha256Hex, work } from './load.js';

export interface CampaignOptions {
  readonly kills: number;
  /** The same seed gives the same kill times and turns; what the machine does in between is its own. */
  readonly seed: number;
  readonly log: (line: string) => void;
}

export interface CampaignResult {
  readonly documents: number;
  readonly statements: number;
  readonly revocations: number;
  /** What was found wrong; empty is the point. */
  readonly faults: readonly string[];
}

const CLIENTS = 6;
const SMALL_PDF_BYTES = 20_000;
/** Most kills come while the service recovers and the first answers go out, some when it has worked for a while. */
const EARLY_MS = 700;
const LATE_SHARE = 0.35;
/** How much later kills wait for: counted in documents, since how long these take depends on the machine. */
const LATE_DOCUMENTS = 8;
const LATE_MS = 300;
/** Should no document come, the round ends all the same. */
const PATIENCE_MS = 60_000;

/**
 * Kills the service again and again while clients work, starts it on what is left, repeats what was not answered, and
 * at the end compares everything that was ever acknowledged with what is there.
 */
export async function runCampaign({ kills, seed, log }: CampaignOptions): Promise<CampaignResult> {
  const random = seededRandom(seed);
  const dataDir = await mkdtemp(join(tmpdir(), 'spondon-campaign-'));
  const acknowledged: Acknowledged = {
    documents: new Map(),
    revoked: new Set(),
    statements: new Set(),
    unanswered: [],
  };
  try {
    const first = await startService({ dataDir });
    const firstClient = createClient(first.url, 1);
    const signer = openHomeSigner(await admitHomeSigner(first, firstClient));
    const hospitalKey = await first.hospitalKey();
    const uploads = await sampleUploads('en', SMALL_PDF_BYTES, hospitalKey);
    firstClient.close();
    await first.kill();

    let numbers = 0;
    const nextNumber = (count: number): number => (numbers += count) - count;
    for (let round = 1; round <= kills; round += 1) {
      await oneRound(dataDir, acknowledged, { hospitalKey, uploads, signer, random, nextNumber });
      if (round % 10 === 0)
        log(
          `${round} kills, ${acknowledged.documents.size} documents, ${acknowledged.statements.size} statements`,
        );
    }
    const faults = await audit(dataDir, acknowledged, { hospital: hospitalKey, home: signer.apiKey }, log);
    const { documents, statements, revoked } = acknowledged;
    return { documents: documents.size, statements: statements.size, revocations: revoked.size, faults };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

type Load = Omit<Parameters<typeof work>[1], 'client' | 'killed' | 'onIssued'> & { readonly random: Random };

async function oneRound(dataDir: string, acknowledged: Acknowledged, load: Load): Promise<void> {
  const service = await startService({ dataDir });
  const client = createClient(service.url, CLIENTS);
  let dead = false;
  const kill = killTime(load.random);
  const options = { ...load, client, killed: () => dead, onIssued: kill.onIssued };
  const clients = [
    repeatUnanswered(acknowledged, options).then(() => work(acknowledged, options)),
    ...Array.from({ length: CLIENTS - 1 }, () => work(acknowledged, options)),
  ];
  const working = Promise.all(clients);
  await Promise.race([working, kill.due]);
  dead = true;
  await service.kill();
  client.close();
  await working;
}

interface KillTime {
  readonly due: Promise<void>;
  /** To be told of each document that was acknowledged. */
  readonly onIssued: () => void;
}

function killTime(random: Random): KillTime {
  if (random() >= LATE_SHARE) {
    return { due: delay(between(random, 0, EARLY_MS)), onIssued: () => undefined };
  }
  let left = between(random, 1, LATE_DOCUMENTS);
  const after = between(random, 0, LATE_MS);
  let enough: () => void = () => undefined;
  const issued = new Promise<void>((resolve) => (enough = resolve));
  const patience = new AbortController();
  const due = Promise.race([
    issued.then(() => delay(after)),
    delay(PATIENCE_MS, undefined, { signal: patience.signal }),
  ]).finally(() => patience.abort());
  return { due, onIssued: () => ((left -= 1) === 0 ? enough() : undefined) };
}

/** Compares what was acknowledged with what the service says, then has every byte checked. */
async function audit(
  dataDir: string,
  acknowledged: Acknowledged,
  keys: { readonly hospital: string; readonly home: string },
  log: (line: string) => void,
): Promise<string[]> {
  const faults: string[] = [];
  const service = await startService({ dataDir });
  const client = createClient(service.url, CLIENTS);
  await untilQueueIsEmpty(client);
  await auditDocuments(client, service.url, acknowledged, keys.hospital, faults);
  await auditStatements(client, acknowledged, keys.home, faults);
  client.close();
  await service.stop();
  await checkData(dataDir, undefined, ({ area, checked, damage }) => {
    log(damage === null ? `fsck ${area}: ${checked}` : `fsck ${area}: DAMAGED ${damage}`);
    if (damage !== null) faults.push(`fsck ${area}: ${damage}`);
  });
  return faults;
}

async function untilQueueIsEmpty(client: Client): Promise<void> {
  for (;;) {
    const { text } = await client.send({ path: '/metrics' });
    if (/^spondon_queue_statements 0$/m.test(text)) return;
    await delay(50);
  }
}

async function auditDocuments(
  client: Client,
  url: string,
  { documents, revoked }: Acknowledged,
  hospitalKey: string,
  faults: string[],
): Promise<void> {
  const headers = { authorization: `Bearer ${hospitalKey}` };
  for (const [code, sha256] of documents) {
    const view = (await client.json({ path: `/v1/documents/${code}`, headers })) as {
      state: string;
      sha256: string;
      revocation?: { state: string };
    };
    if (view.state !== 'anchored') faults.push(`document ${code} is ${view.state}`);
    if (view.sha256 !== sha256) faults.push(`document ${code} has another hash than was acknowledged`);
    if (revoked.has(code) && view.revocation?.state !== 'anchored')
      faults.push(`the revocation of ${code} is lost`);
  }
  // fsck opens every file and compares its hash; here a few as their hospital gets them.
  for (const [code, sha256] of [...documents].slice(0, 20)) {
    const answer = await fetch(`${url}/v1/documents/${code}/file`, { headers });
    if (sha256Hex(new Uint8Array(await answer.arrayBuffer())) !== sha256)
      faults.push(`the file of ${code} is another one`);
  }
}

const BATCH = 1000;

async function auditStatements(
  client: Client,
  { statements }: Acknowledged,
  homeKey: string,
  faults: string[],
): Promise<void> {
  const texts = [...statements];
  for (let from = 0; from < texts.length; from += BATCH) {
    const body = Buffer.from(JSON.stringify({ statements: texts.slice(from, from + BATCH) }));
    const headers = { authorization: `Bearer ${homeKey}`, 'content-type': 'application/json' };
    const { results } = (await client.json({ method: 'POST', path: '/v1/statements', headers, body })) as {
      results: { documentId: string; state: string }[];
    };
    for (const { documentId, state } of results)
      if (state !== 'anchored') faults.push(`statement ${documentId} is ${state}`);
  }
}
