import { setTimeout as wait } from 'node:timers/promises';
import { readAppend } from '@spondon/anchor-worker/log/append';
import type { TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import type { Block } from '@spondon/ledger/port';
import { toHex } from '@spondon/protocol/bytes';
import { decodeBase64url } from '@spondon/protocol/base64url';
import { type Client, metric, untilAnchored } from '../client.js';

export interface Lag {
  /** From when the peer handed out a block until a look-up of its last document was answered 'anchored', ms. */
  readonly seen: readonly number[];
  /** The largest that the service told of itself, ms. */
  readonly told: number;
}

const TELL_EVERY_MS = 100;

/** Follows blocks beside the service, over a connection of its own to the same peer, until `signal` aborts. */
export async function lagOfLookUps(trial: TrialNetwork, client: Client, signal: AbortSignal): Promise<Lag> {
  const ledger = await trial.open('dghs');
  const seen: number[] = [];
  let looking: Promise<void> | null = null;
  const look = async (sha256: string): Promise<void> => {
    const begun = performance.now();
    await untilAnchored(client, sha256);
    seen.push(performance.now() - begun);
    looking = null;
  };
  const told = mostTold(client, signal);
  for await (const block of ledger.blocks(await ledger.height(), signal)) {
    const last = lastHashIn(block);
    // One at a time: the service is busy enough.
    if (last !== null) looking ??= look(last);
  }
  await looking;
  return { seen, told: await told };
}

function lastHashIn({ transactions }: Block): string | null {
  const appended = transactions
    .filter(({ valid }) => valid)
    .flatMap((transaction) => readAppend(transaction, [])?.entries ?? []);
  const statement = appended.at(-1)?.statement;
  return statement?.op === 'issue' ? toHex(decodeBase64url(statement.sha256)) : null;
}

async function mostTold(client: Client, signal: AbortSignal): Promise<number> {
  let most = 0;
  while (!signal.aborted) {
    most = Math.max(most, (await metric(client, 'spondon_follower_lag_seconds')) * 1000);
    await wait(TELL_EVERY_MS);
  }
  return most;
}
