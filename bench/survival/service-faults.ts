import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, SUPERVISOR_MS } from './fault.js';
import type { Scene } from './scene.js';
import type { ServiceCopy } from './service-copy.js';
import { fillDisk, freeDisk, whyNoSmallDisk } from './small-disk.js';

const FULL_DISK_MS = 15_000;
/** Until another copy has to lead: its lease runs out after six seconds. */
const SUCCESSION_MS = 30_000;
/** At each time the leader is somewhere else in its work. */
const PAUSES = 5;
const BETWEEN_PAUSES_MS = 1_500;

/** The worker is part of the service's process: of several copies, one anchors. */
export function serviceFaults(whyNoCopies: string | null): readonly Fault[] {
  return [
    killService,
    { ...killLeader, whyNot: whyNoCopies },
    { ...killOther, whyNot: whyNoCopies },
    { ...pauseLeader, whyNot: whyNoCopies },
    fullDisk,
  ];
}

const killService: Fault = {
  name: 'kill-service',
  title: 'kill −9 of the service, all its copies with the worker in them',
  inject: ({ service }) => service.kill(),
  lastsMs: 0,
  heal: ({ service }) => service.start(),
};

const leaderOf = ({ service, interrupted }: Scene, except?: ServiceCopy): Promise<ServiceCopy> =>
  service.leader(AbortSignal.any([interrupted, AbortSignal.timeout(SUCCESSION_MS)]), except);

const killLeader: Fault = {
  name: 'kill-worker',
  title: 'kill −9 of the worker: of the copy of the service that anchors',
  inject: async (scene) => (await leaderOf(scene)).kill(),
  heal: ({ service }) => service.start(),
};

const killOther: Fault = {
  name: 'kill-other-copy',
  title: 'kill −9 of a copy of the service that does not anchor',
  inject: async (scene) => {
    const leader = await leaderOf(scene);
    await scene.service.copies.find((copy) => copy !== leader)?.kill();
  },
  lastsMs: SUPERVISOR_MS,
  heal: ({ service }) => service.start(),
};

/**
 * It wakes up believing that it leads, perhaps in the middle of an append. Where the others have gone on meanwhile, what it
 * sends then comes too late, and nothing may be anchored twice.
 */
const pauseLeader: Fault = (() => {
  let paused: ServiceCopy | null = null;
  const pause = async (scene: Scene): Promise<void> => {
    paused = await leaderOf(scene);
    paused.pause();
  };
  return {
    name: 'pause-worker',
    title: `SIGSTOP of the copy that anchors until another does, then SIGCONT, ${PAUSES} times`,
    inject: pause,
    heal: async (scene) => {
      for (let times = 1; ; times += 1) {
        if (paused) await leaderOf(scene, paused);
        paused?.resume();
        if (times === PAUSES) return;
        await delay(BETWEEN_PAUSES_MS, undefined, { signal: scene.interrupted });
        await pause(scene);
      }
    },
  };
})();

const fullDisk: Fault = {
  name: 'full-disk-service',
  title: "full disk under the service's data, of all its copies",
  whyNot: whyNoSmallDisk(),
  inject: ({ service }) => fillDisk(service.folder),
  lastsMs: FULL_DISK_MS,
  heal: ({ service }) => freeDisk(service.folder),
};
