import { setTimeout as delay } from 'node:timers/promises';

/** How often the service looks at itself. */
const EVERY_MS = 2_000;
/** A look-up that takes longer has not been answered. */
export const LOOK_UP_MS = 1_000;

/** `look-up`: verifiers are answered. `ready`: besides, what is issued is stored and anchored. */
const SERVICES = ['look-up', 'ready'] as const;
export type Service = (typeof SERVICES)[number];

export interface UptimeDeps {
  /** Whether a look-up is answered, be it with 'unavailable'. */
  readonly lookUp: () => Promise<boolean>;
  readonly problems: () => Promise<readonly string[]>;
  /** So many seconds more it has been up. */
  readonly onUp: (service: Service, seconds: number) => void;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Counts the seconds in which the service was up: those between two looks that both found it so. What is not counted was
 * downtime, also when the process did not run or stood still, so a share of time needs no second number.
 */
export function watchUptime({ lookUp, problems, onUp, now, wait = rest }: UptimeDeps): { stop: () => void } {
  const stop = new AbortController();
  const look = async (): Promise<ReadonlySet<Service>> => {
    const answered = await within(LOOK_UP_MS, lookUp);
    if (!answered) return new Set();
    const ready = await within(LOOK_UP_MS, async () => (await problems()).length === 0);
    return new Set<Service>(ready ? ['look-up', 'ready'] : ['look-up']);
  };
  const run = async (): Promise<void> => {
    // So that whoever was never up is seen to be down.
    for (const service of SERVICES) onUp(service, 0);
    let before = { at: now(), up: await look() };
    while (!stop.signal.aborted) {
      await wait(EVERY_MS, stop.signal);
      const at = now();
      const up = await look();
      const passed = at - before.at;
      // Longer between two looks: the process stood still, and nobody was answered.
      if (passed <= 2 * EVERY_MS + LOOK_UP_MS)
        for (const service of up) if (before.up.has(service)) onUp(service, passed / 1000);
      before = { at, up };
    }
  };
  void run();
  return { stop: () => stop.abort() };
}

const rest = (ms: number, signal: AbortSignal): Promise<unknown> =>
  delay(ms, undefined, { signal, ref: false }).catch(() => undefined);

/** False when it fails, too. */
async function within(ms: number, ask: () => Promise<boolean>): Promise<boolean> {
  const over = new AbortController();
  const late = delay(ms, false, { signal: over.signal, ref: false }).catch(() => false);
  try {
    return await Promise.race([ask(), late]);
  } catch {
    return false; // an outage of what it asks
  } finally {
    over.abort();
  }
}
