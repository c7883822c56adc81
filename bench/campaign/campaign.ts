import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { between, type Random, seededRandom } from '@spondon/fixtures/random';
import { createClient } from '../client.js';
import { admitHomeSigner, openHomeSigner } from '../home-signer.js';
import { sampleUploads } from '../sample-upload.js';
import { startService } from '../service.js';
import { audit } from './audit.js';
import { nothingAcknowledged, repeatUnanswered, work, type Acknowledged } from './load.js';

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
  /** What kills leave by design, and how much of it. */
  readonly notes: readonly string[];
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
  const acknowledged = nothingAcknowledged();
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
    const keys = { hospital: hospitalKey, home: signer.apiKey };
    const { faults, notes } = await audit(dataDir, acknowledged, keys, log);
    const { documents, statements, revoked } = acknowledged;
    return {
      documents: documents.size,
      statements: statements.size,
      revocations: revoked.size,
      faults,
      notes,
    };
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
