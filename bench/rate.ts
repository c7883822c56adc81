import { perSecond } from './figures.js';
import type { Service } from './service.js';

/** How often something was done. */
export interface Rate {
  readonly perSecond: number;
  /** Per second of the service's processor time: much the same however busy others keep the machine. */
  readonly perCpuSecond: number;
}

export interface Work {
  readonly times: number;
  readonly seconds: number;
}

/** Measures what `work` asks of the service. */
export async function rateOf<Done extends Work>(
  { cpuSeconds }: Service,
  work: () => Promise<Done>,
): Promise<{ rate: Rate; done: Done }> {
  const before = await cpuSeconds();
  const done = await work();
  const used = (await cpuSeconds()) - before;
  return { rate: { perSecond: done.times / done.seconds, perCpuSecond: done.times / used }, done };
}

export function shownRate(rate: Rate): string {
  return `${perSecond(rate.perSecond)} (${perSecond(rate.perCpuSecond)} of processor time)`;
}
