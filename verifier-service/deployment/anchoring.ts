import type { Logger } from 'pino';
import { Anchorer } from '@spondon/anchor-worker/anchorer';
import { Follower } from '@spondon/anchor-worker/follower';
import { LogStore } from '@spondon/anchor-worker/log/store';
import { startTicker } from '@spondon/anchor-worker/ticker';
import { sha256 } from '@spondon/protocol/crypto-node';
import { type Database, queueOf } from '../database/schema.js';
import { faultOf } from '../fault.js';
import type { Metrics } from '../metrics.js';
import { QueueGauge } from '../queue-gauge.js';
import type { Folders } from './folders.js';
import type { OwnLedger } from './ledger.js';

export interface AnchoringDeps {
  readonly ledger: OwnLedger;
  readonly db: Database;
  readonly folders: Folders;
  readonly maxQueue: number;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** From the queue to the ledger, and from the ledger to what answers are made of. */
export async function startAnchoring({ ledger, db, folders, maxQueue, metrics, log }: AnchoringDeps) {
  const gauge = new QueueGauge(queueOf(db), maxQueue);
  const store = await LogStore.open(folders.log, sha256);
  const follower = new Follower({
    ledger,
    store,
    onFailure: (error) =>
      log.error(
        { fault: faultOf(error) },
        'reading the ledger stopped: answers are unavailable until a restart',
      ),
  });
  let failing = false;
  const anchorer = new Anchorer({
    ledger,
    store,
    follower,
    db: queueOf(db),
    now: () => Date.now(),
    onAnchored: (count) => {
      metrics.anchored.inc(count);
      failing = false;
    },
    onQueueShrunk: () => gauge.recount(),
    onSetAside: (code) => {
      metrics.setAside.inc({ code });
      log.warn({ code }, 'the ledger refused a statement; its issuer sees why');
    },
    onTrouble: (error) => {
      metrics.anchorTroubles.inc();
      failing = true;
      log.warn({ fault: faultOf(error) }, 'anchoring failed, trying again');
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
  const ticker = startTicker(ledger, (error) =>
    log.warn({ fault: faultOf(error) }, 'the clock could not be advanced'),
  );
  const isCurrent = (): boolean => follower.failure === undefined;
  return {
    store,
    gauge,
    isCurrent,
    applied: (block: number) => follower.applied(block),
    onQueued: (count: number): void => {
      gauge.add(count);
      anchorer.wake();
    },
    /** For the operator; seen by anybody, so without particulars. */
    problems: (): string[] => [
      ...(isCurrent() ? [] : ['Reading the ledger stopped; see the log, then restart']),
      ...(ledger.failure
        ? ['The ledger could not write to its disk and takes nothing more: free space, then restart']
        : []),
      ...(failing ? ['Anchoring fails at the moment; see the log'] : []),
    ],
    measure: async (): Promise<void> => {
      metrics.queue.set(gauge.length);
      metrics.lag.set(await follower.lag());
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

export type Anchoring = Awaited<ReturnType<typeof startAnchoring>>;
