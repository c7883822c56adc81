import { setTimeout as delay } from 'node:timers/promises';
import { auditAnswers, lostFiles } from '../campaign/audit.js';
import type { Acknowledged } from '../campaign/load.js';
import { figuresOf, type Figures, type Question, QUESTIONS } from './answers.js';
import type { Fault } from './fault.js';
import type { Scene } from './scene.js';
import type { SteadyLoad } from './steady-load.js';

/** What was seen of one fault. */
export interface Outcome {
  readonly fault: Fault;
  /** From the fault until a document acknowledged after it was anchored, ms; null when it did not, before healing. */
  readonly recoveredMs: number | null;
  /** The same from healing on, where anchoring had to wait for that. */
  readonly afterHealingMs: number | null;
  readonly figures: Readonly<Record<Question, Figures>>;
  readonly acknowledged: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  /** Whatever else is not as it should be. */
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}

/** Load before a fault, so that there is something to ask for. */
const BEFORE_MS = 4_000;
/** Anchoring that recovers by itself has so long. */
const PATIENCE_MS = 60_000;
/** Watched at least so long, and so long after healing. */
const WATCHED_MS = 6_000;
const DEADLINE_MS = 180_000;
const REST_MS = 250;

/** Rejects when the scene is interrupted, once nothing of it is under way any more. */
export async function runFault(fault: Fault, scene: Scene, load: SteadyLoad): Promise<Outcome> {
  const watching = new AbortController();
  try {
    load.start();
    return await watchFault(fault, scene, load, watching);
  } finally {
    watching.abort();
    await load.stop();
  }
}

async function watchFault(
  fault: Fault,
  scene: Scene,
  load: SteadyLoad,
  watching: AbortController,
): Promise<Outcome> {
  const { interrupted } = scene;
  const pass = (ms: number): Promise<void> => delay(Math.max(0, ms), undefined, { signal: interrupted });
  const untilOneIsAnchored = (): Promise<number> =>
    load.untilOneIsAnchored(AbortSignal.any([interrupted, AbortSignal.timeout(DEADLINE_MS)]));
  await fault.prepare?.(scene);
  await untilOneIsAnchored();
  await pass(BEFORE_MS);
  load.take();
  const before = sizesOf(load.acknowledged);
  const problems = new Set<string>();
  const watched = watchReadiness(scene, problems, watching.signal);

  const begun = performance.now();
  await fault.inject(scene);
  const probe = untilOneIsAnchored();
  probe.catch(() => undefined);
  const lasts = fault.lastsMs ?? PATIENCE_MS;
  const byItself = await Promise.race([
    probe.then(
      () => performance.now() - begun,
      () => null,
    ),
    delay(lasts, null, { signal: interrupted }),
  ]);
  await pass((fault.lastsMs ?? WATCHED_MS) - (performance.now() - begun));
  const examined = await fault.examine?.(scene);

  const healing = performance.now();
  const healed = fault.heal(scene);
  let afterHealingMs: number | null = null;
  const faults = [...(examined?.faults ?? [])];
  if (byItself === null) {
    await Promise.race([probe, healed.then(() => probe)]).then(
      () => (afterHealingMs = performance.now() - healing),
      () => faults.push('nothing was anchored any more, healed or not'),
    );
  }
  await healed;
  await pass(WATCHED_MS);
  watching.abort();
  await watched;
  const until = performance.now();
  await load.stop();
  faults.push(...(await scene.service.startEnded()));
  const { observations, wrong } = load.take();
  await load.repeatUnanswered();
  faults.push(...wrong, ...(await settle(scene)));
  const { lost, twice, faults: audited } = await audit(scene, load, before);
  return {
    fault,
    recoveredMs: byItself,
    afterHealingMs,
    figures: Object.fromEntries(
      QUESTIONS.map((question) => [
        question,
        figuresOf(
          observations.filter((each) => each.question === question),
          until,
        ),
      ]),
    ) as Outcome['figures'],
    acknowledged: sum(sizesOf(load.acknowledged)) - sum(before),
    lost,
    twice,
    faults: [...faults, ...audited],
    notes: [...(examined?.notes ?? []), ...[...problems].map((problem) => `/health/ready: ${problem}`)],
  };
}

/** What the operator is told, each once. */
async function watchReadiness({ service }: Scene, problems: Set<string>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await service
      .client()
      .send({ path: '/health/ready' })
      .catch(() => null);
    if (answer?.status === 503)
      for (const problem of (JSON.parse(answer.text) as { problems?: string[] }).problems ?? [])
        problems.add(problem);
    await delay(REST_MS);
  }
}

/** Until nothing waits, all peers have the same number of blocks and every copy says that it is well: faults. */
async function settle({ service, audit: channel, interrupted }: Scene): Promise<string[]> {
  const until = performance.now() + DEADLINE_MS;
  const settled = async (): Promise<string | null> => {
    for (const copy of service.copies) {
      const queued = await copy.metric('spondon_queue_statements');
      if (queued !== 0) return `${queued} statements wait`;
      const { status, text } = await copy.send({ path: '/health/ready' });
      if (status !== 200) return `the service is not ready: ${text}`;
    }
    const heights = await channel.heights();
    if (new Set(heights.map(({ height }) => height)).size === 1) return null;
    return `peers differ: ${heights.map((each) => `${each.organisation} ${each.height}`).join(', ')}`;
  };
  for (;;) {
    const why = await settled().catch((error: unknown) => String(error));
    if (why === null) return [];
    if (performance.now() > until) return [`it did not settle: ${why}`];
    await delay(REST_MS, undefined, { signal: interrupted });
  }
}

/** The ledger, read and rebuilt without the service, and then the service's own view of it, with every file. */
async function audit(
  { audit: channel, service, hospitalKey, signer, ledger }: Scene,
  { acknowledged }: SteadyLoad,
  before: Sizes,
): Promise<{ lost: readonly string[]; twice: readonly string[]; faults: readonly string[] }> {
  const faults = [...(await channel.readOn())];
  const { lost, twice, contradictions } = channel.log.judge(acknowledged);
  for (const copy of service.copies) {
    const entries = await copy.metric(`spondon_log_entries\\{organisation="${ledger.mspId}"\\}`);
    if (entries !== channel.log.size)
      faults.push(`the service has ${entries} entries, the ledger ${channel.log.size}`);
  }
  const since = {
    documents: new Map([...acknowledged.documents].slice(before.documents)),
    revoked: new Set([...acknowledged.revoked].slice(before.revoked)),
    statements: new Set([...acknowledged.statements].slice(before.statements)),
  };
  const keys = { hospital: hospitalKey, home: signer.apiKey };
  const issued = [...since.documents];
  // A document of before may have been revoked since.
  for (const code of since.revoked) {
    const sha256 = acknowledged.documents.get(code);
    if (sha256 !== undefined) since.documents.set(code, sha256);
  }
  const { url } = service.running;
  faults.push(...contradictions, ...(await auditAnswers(service.client(), url, since, keys)));
  return { lost: [...lost, ...(await lostFiles(url, issued, hospitalKey))], twice, faults };
}

type Sizes = Readonly<Record<'documents' | 'revoked' | 'statements', number>>;

function sizesOf({ documents, revoked, statements }: Acknowledged): Sizes {
  return { documents: documents.size, revoked: revoked.size, statements: statements.size };
}

const sum = (sizes: Sizes): number => sizes.documents + sizes.revoked + sizes.statements;
