import type { Clock } from '@spondon/protocol/records';
import { Refusal } from '../refusal.js';

/** How far a transaction's time, which its client sets, may be from an endorser's clock, ms, either way. */
export const MAX_SKEW_MS = 5 * 60_000;
/** Between two ticks, ms. Each tick invalidates what was endorsed before it, so they must not come often. */
export const MIN_TICK_MS = 60_000;

/**
 * Refuses a transaction whose time is not this endorser's present. `now` only accepts or refuses: nothing derived
 * from it is written, so endorsers with different clocks still write the same.
 */
export function checkTime(time: number, now: number): void {
  if (!(Math.abs(time - now) <= MAX_SKEW_MS)) {
    throw new Refusal('CLOCK_SKEW', `the transaction's time is ${time}, this endorser's is ${now}`);
  }
}

export function tick(clock: Clock, time: number): Clock {
  if (time - clock.at < MIN_TICK_MS) {
    throw new Refusal(
      'TICK_EARLY',
      `the last tick was at ${clock.at}, the next may be ${MIN_TICK_MS} ms later`,
    );
  }
  return { at: time };
}
