import type { Logger } from 'pino';
import { Anchorer } from '@spondon/anchor-worker/anchorer';
import { Follower } from '@spondon/anchor-worker/follower';
import { LogStore } from '@spondon/anchor-worker/log/store';
import { startTicker } from '@spondon/anchor-worker/ticker';
import { sha256 } from '@spondon/protocol/crypto-node';
import { LedgerError } from '@spondon/ledger/port';
import { type Database, queueOf } from '../database/schema.js';
import type { DiskWatch } from '../disk.js';
import { faultOf } from '../fault.js';
import type { Metrics } from '../metrics.js';
import { QueueGauge } from '../queue-gauge.js';
import type { Folders } from './folders.js';
import type { ServiceLedger } from './service-ledger.js';

export interface AnchoringDeps {
  readonly ledger: ServiceLedger;
  readonly db: Database;
  readonly folders: Folders;
  readonly maxQueue: number;
  readonly disk: DiskWatch;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** From the queue to the ledger, and from the ledger to what answers are made of. */
export async function startAnchoring(deps: AnchoringDeps) {
  const { db, folders, maxQueue, disk, metrics, log } = deps;
  const { ledger, agreedAt, failure: failureOfLedger } = deps.ledger;
  const warn = (error: unknown, what: string): void => {
    disk.note(error);
    log.warn({ fault: faultOf(error) }, what);
  };
  const gauge = new QueueGauge(queueOf(db), maxQueue);
  const store = await LogStore.open(folders.log, sha256);
  const follower = new Follower({
    ledger,
    store,
    onTrouble: (error) => warn(error, 'what the ledger brings cannot be read or kept, trying again'),
    onFailure: (error) =>
      log.error(
        { fault: faultOf(error) },
        'reading the ledger stopped: answers are unavailable until a restart',
      ),
  });
  const anchorer = new Anchorer({
    ledger,
    store,
    follower,
    db: queueOf(db),
    now: () => Date.now(),
    onAnchored: (count) => metrics.anchored.inc(count),
    onQueueShrunk: () => gauge.recount(),
    onSetAside: (code) => {
      metrics.setAside.inc({ code });
      log.warn({ code }, 'the ledger refused a statement; its issuer sees why');
    },
    onTrouble: (error) => {
      metrics.anchorTroubles.inc();
      warn(error, 'anchoring failed, trying again');
    },
  });
  try {
    await follower.start();
    await gauge.recount();
  } catch (error) {
    await follower.stop();
    throw error;
  }
  anchorer.start();
  const ticker = startTicker(ledger, (error) => warn(error, 'the clock could not be advanced'));
  return {
    store,
    gauge,
    isCurrent: () => follower.isCurrent(),
    applied: (block: number) => follower.applied(block),
    onQueued: (count: number): void => {
      gauge.add(count);
      anchorer.wake();
    },
    /** For the operator; seen by anybody, so without particulars. */
    problems: async (): Promise<string[]> => {
      const failure = await failureOfLedger();
      return [
        ...(follower.failure ? [followerProblem(follower.failure)] : []),
        ...(follower.trouble ? [`What the ledger brings cannot be kept${AT_THE_MOMENT}`] : []),
        ...(failure ? [ledgerProblem(failure)] : []),
        ...(anchorer.trouble ? [`Anchoring fails${AT_THE_MOMENT}`] : []),
      ];
    },
    measure: async (): Promise<void> => {
      metrics.queue.set(gauge.length);
      metrics.lag.set(await lagOf(follower));
      for (const [organisation, at] of agreedAt()) metrics.agreedAt.set({ organisation }, (at ?? 0) / 1000);
      for (const [organisation, { size }] of store.heads()) metrics.logSize.set({ organisation }, size);
    },
    /** Finishes the batch under way; what is queued stays queued. */
    stop: async (): Promise<void> => {
      ticker.stop();
      await anchorer.stop();
      await follower.stop();
    },
  };
}

const AT_THE_MOMENT = ' at the moment and is tried again; see the log';

/** Not a number while the ledger does not answer: an old lag would pass for the present one. */
async function lagOf(follower: Follower): Promise<number> {
  try {
    return await follower.lag();
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'UNAVAILABLE') return NaN;
    throw error;
  }
}

function followerProblem(failure: unknown): string {
  const isForked = failure instanceof LedgerError && failure.code === 'FORKED';
  return isForked
    ? 'Organisations hold different blocks, so reading the ledger stopped; see the log, and ask them why'
    : 'Reading the ledger stopped; see the log, then restart';
}

function ledgerProblem(failure: Error): string {
  const isDamaged = failure instanceof LedgerError && failure.code === 'DAMAGED';
  return isDamaged
    ? 'The ledger takes nothing more; see the log, then restart'
    : `The ledger cannot be written${AT_THE_MOMENT}`;
}

export type Anchoring = Awaited<ReturnType<typeof startAnchoring>>;
