import { setTimeout as wait } from 'node:timers/promises';
import { type Call, type Client, jsonCall, untilAnchored } from './client.js';
import { documentHash, type HomeSigner } from './home-signer.js';

/** As many as one request takes. */
export const BATCH = 1000;

/** A request, its number of statements, and the number of the last document in it. */
interface Load {
  readonly call: Call;
  readonly count: number;
  readonly last: number;
}

/** Requests with signed statements about the documents from number `first` on. */
export async function presign(signer: HomeSigner, first: number, count: number): Promise<Load[]> {
  const loads: Load[] = [];
  for (let from = first; from < first + count; from += BATCH) {
    const size = Math.min(BATCH, first + count - from);
    const statements = await signer.statements(from, size);
    loads.push({
      call: jsonCall('/v1/statements', signer.apiKey, { statements }),
      count: size,
      last: from + size - 1,
    });
  }
  return loads;
}

/** So often a request is sent. */
const STEADY_MS = 200;

/**
 * Signs statements about the documents from number `first` on, then sends them evenly, `perSecond`, whether or not earlier
 * requests are answered. `done` once all can be looked up as anchored.
 */
export async function anchorSteadily(
  client: Client,
  signer: HomeSigner,
  first: number,
  count: number,
  perSecond: number,
): Promise<{ readonly done: Promise<void> }> {
  const size = (perSecond * STEADY_MS) / 1000;
  const loads: Load[] = [];
  for (let from = first; from < first + count; from += size)
    loads.push(...(await presign(signer, from, Math.min(size, first + count - from))));
  const send = async (): Promise<void> => {
    const sent = loads.map(async (load, turn) => {
      await wait(turn * STEADY_MS);
      await post(client, load);
    });
    await Promise.all(sent);
    await untilAnchored(client, documentHash(first + count - 1).toString('hex'));
  };
  return { done: send() };
}

export interface LoadResult {
  /** How many statements. */
  readonly times: number;
  /** Until all could be looked up as anchored. */
  readonly seconds: number;
  /** Until all were acknowledged, seconds. */
  readonly acknowledged: number;
}

/** Sends the requests over `connections`, each the next as soon as one is answered, and waits until all is anchored. */
export async function anchorAll(
  client: Client,
  connections: number,
  loads: readonly Load[],
): Promise<LoadResult> {
  const begun = performance.now();
  const left = [...loads];
  const times = loads.reduce((sum, { count }) => sum + count, 0);
  const senders = Array.from({ length: connections }, async () => {
    for (let load = left.shift(); load; load = left.shift()) await post(client, load);
  });
  await Promise.all(senders);
  const acknowledged = (performance.now() - begun) / 1000;
  // A request's statements are anchored in their order: where the last one is, all are.
  for (const { last } of loads) await untilAnchored(client, documentHash(last).toString('hex'));
  return { times, seconds: (performance.now() - begun) / 1000, acknowledged };
}

async function post(client: Client, { call, count }: Load): Promise<void> {
  const { accepted } = (await client.json(call)) as { accepted: number };
  if (accepted !== count) throw new Error(`${count - accepted} statements were refused`);
}
