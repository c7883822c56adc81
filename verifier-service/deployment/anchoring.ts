import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Anchorer } from '@spondon/anchor-worker/anchorer';
import { Follower } from '@spondon/anchor-worker/follower';
import { LagWatch } from '@spondon/anchor-worker/lag-watch';
import { LogStore } from '@spondon/anchor-worker/log/store';
import { startTicker } from '@spondon/anchor-worker/ticker';
import { Leadership } from '@spondon/anchor-worker/leadership';
import {
  type About,
  anchoredTo,
  noteAnchoredTo,
  oldestInQueue,
  queuedAbout,
  queuedAndAnchoredTo,
  type QueueDb,
  type QueueRow,
} from '@spondon/anchor-worker/queue';
import { sha256 } from '@spondon/protocol/crypto-node';
import { LedgerError } from '@spondon/ledger/port';
import { Deadline } from '../database/deadline.js';
import { queueOf } from '../database/schema.js';
import type { Copies, ServiceDatabase } from '../database/service-database.js';
import type { DiskWatch } from '../disk.js';
import { isStorageUnavailable } from '../error.js';
import { faultOf } from '../fault.js';
import type { Metrics } from '../metrics.js';
import { QueueGauge } from '../queue-gauge.js';
import type { Folders } from './folders.js';
import type { ServiceLedger } from './service-ledger.js';

export interface AnchoringDeps {
  readonly ledger: ServiceLedger;
  readonly database: ServiceDatabase;
  readonly folders: Folders;
  readonly maxQueue: number;
  readonly disk: DiskWatch;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** From the queue to the ledger, and from the ledger to what answers are made of. */
export async function startAnchoring(deps: AnchoringDeps) {
  const { folders, maxQueue, disk, metrics, log } = deps;
  const { db, copies } = deps.database;
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
  const shared = copies && {
    anchoredTo: () => anchoredTo(queueOf(db)),
    onLeaving: (trx: QueueDb) => noteAnchoredTo(trx, ledger.mspId, store.nextBlock - 1),
  };
  let anchorer: Anchorer | undefined;
  /** What only one process does for a log. */
  const lead = (leads?: () => boolean) => {
    const working = new Anchorer({
      ledger,
      store,
      follower,
      db: queueOf(db),
      now: () => Date.now(),
      ...(leads ? { leads } : {}),
      ...shared,
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
    working.start();
    anchorer = working;
    const ticker = startTicker(ledger, (error) => warn(error, 'the clock could not be advanced'));
    return {
      stop: async (): Promise<void> => {
        ticker.stop();
        await working.stop();
        anchorer = undefined;
      },
    };
  };
  try {
    await follower.start();
    await gauge.recount();
  } catch (error) {
    await follower.stop();
    throw error;
  }
  const wake = (): void => anchorer?.wake();
  const work = copies
    ? leadInTurn(copies, { mspId: ledger.mspId, lead, wake, recount: () => gauge.recount(), warn })
    : { ...lead(), leads: () => true };
  const lookUps = new Deadline(LOOK_UP_MS);
  const lagWatch = new LagWatch({ ledger, store, now: () => performance.now() });
  lagWatch.start();
  return {
    store,
    gauge,
    isCurrent: () => follower.isCurrent(),
    applied: (block: number) => follower.applied(block),
    /** Whoever asks another copy from now on sees what was decided. */
    decided: async (block: number): Promise<void> => {
      if (copies) await noteAnchoredTo(queueOf(db), ledger.mspId, block);
    },
    upToDate: copies
      ? async (db: QueueDb) => untilRead(follower, await anchoredTo(db))
      : () => Promise.resolve(),
    /** What another copy queued, this one has not counted. */
    mayBeQueued: () => copies !== null || gauge.length > 0,
    /** What waits about it. Once this resolves, the log shows what left the queue before. */
    queued: async (about: About): Promise<readonly QueueRow[]> => {
      if (!copies) return queuedAbout(queueOf(db), about);
      const { rows, anchoredTo: block } = await lookUps.meet(() => queuedAndAnchoredTo(queueOf(db), about));
      await untilRead(follower, block);
      return rows;
    },
    onQueued: (count: number): void => {
      gauge.add(count);
      if (anchorer) anchorer.wake();
      else copies?.tellQueued();
    },
    /** For the operator; seen by anybody, so without particulars. */
    problems: async (): Promise<string[]> => {
      const failure = await failureOfLedger();
      return [
        ...(follower.failure ? [followerProblem(follower.failure)] : []),
        ...(follower.trouble ? [`What the ledger brings cannot be kept${AT_THE_MOMENT}`] : []),
        ...(failure ? [ledgerProblem(failure)] : []),
        ...(anchorer?.trouble ? [`Anchoring fails${AT_THE_MOMENT}`] : []),
      ];
    },
    measure: async (): Promise<void> => {
      metrics.leader.set(work.leads() ? 1 : 0);
      metrics.queue.set(gauge.length);
      metrics.queueAge.set(await inTime(queueAge(queueOf(db))));
      metrics.lagSeconds.set(lagWatch.lag());
      metrics.lag.set(await inTime(follower.lag()));
      for (const [organisation, at] of agreedAt()) metrics.agreedAt.set({ organisation }, (at ?? 0) / 1000);
      for (const [organisation, { size }] of store.heads()) metrics.logSize.set({ organisation }, size);
    },
    /** Finishes the batch under way; what is queued stays queued. */
    stop: async (): Promise<void> => {
      lagWatch.stop();
      await work.stop();
      await follower.stop();
    },
  };
}

/** How often a copy looks by itself at what others may have queued: for messages that got lost. */
const LOOK_MS = 1000;

interface LeadInTurn {
  readonly mspId: string;
  readonly lead: (leads: () => boolean) => { stop: () => Promise<void> };
  readonly wake: () => void;
  readonly recount: () => Promise<void>;
  readonly warn: (error: unknown, what: string) => void;
}

/** Where several copies share the queue, whoever holds the log's lease leads; the others count, and wait. */
function leadInTurn(copies: Copies, { mspId, lead, wake, recount, warn }: LeadInTurn) {
  const leadership = new Leadership({
    lease: copies.lease(mspId),
    holder: randomUUID(),
    elapsed: () => performance.now(),
    lead,
    onTrouble: (error) => warn(error, 'the lease on the log cannot be asked for, trying again'),
  });
  leadership.start();
  const listening = copies.onQueued(wake);
  const looking = setInterval(() => {
    wake();
    recount().catch((error: unknown) => warn(error, 'the queue cannot be counted, trying again'));
  }, LOOK_MS).unref();
  return {
    leads: () => leadership.leads,
    stop: async (): Promise<void> => {
      clearInterval(looking);
      await Promise.all([leadership.stop(), listening.stop()]);
    },
  };
}

/** Longer than a look-up's question by indexes takes on a server that works. */
const LOOK_UP_MS = 2000;

/** Longer than a follower that works is ever behind. */
const CATCH_UP_MS = 5000;

/** The log shows what has left the queue, whichever copy removed it, once this one has read so far. Throws `UNAVAILABLE`. */
async function untilRead(follower: Follower, block: number): Promise<void> {
  const timer = new AbortController();
  const late = delay(CATCH_UP_MS, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new LedgerError('UNAVAILABLE', 'This copy has not read yet what another saw anchored');
  });
  late.catch(() => undefined);
  try {
    await Promise.race([follower.applied(block), late]);
  } finally {
    timer.abort();
  }
}

const AT_THE_MOMENT = ' at the moment and is tried again; see the log';

/** Whoever collects metrics waits no longer for a ledger or a database that does not answer, and would take us for dead. */
const FIGURE_MS = 1_000;

/** Not a number while it is not known: an old one would pass for the present one. */
function inTime(figure: Promise<number>): Promise<number> {
  const known = figure.catch((error: unknown) => {
    const isAway =
      (error instanceof LedgerError && error.code === 'UNAVAILABLE') || isStorageUnavailable(error);
    if (isAway) return NaN;
    throw error;
  });
  return Promise.race([known, delay(FIGURE_MS, NaN, { ref: false })]);
}

/** For how many seconds the oldest statement has been waiting. */
async function queueAge(db: QueueDb): Promise<number> {
  const oldest = await oldestInQueue(db);
  return oldest === null ? 0 : Math.max(0, Date.now() - oldest) / 1000;
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
