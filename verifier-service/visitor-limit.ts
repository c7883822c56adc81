import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ServiceError } from './error.js';

const WINDOW_SECONDS = 60;

/** How much a visitor without a key may ask within a minute, counted by address and weighed by size. */
export interface VisitorLimit {
  /** Throws `RATE_LIMITED` after telling how many seconds to wait. */
  spend(address: string, cost: number, onRefusal: (seconds: number) => void): Promise<void>;
}

/** `points` a minute for each address; 0 limits nobody. */
export function createVisitorLimit(points: number): VisitorLimit {
  if (points === 0) return { spend: () => Promise.resolve() };
  const limiter = new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
  return {
    async spend(address, cost, onRefusal) {
      try {
        await limiter.consume(address, cost);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        const seconds = Math.ceil(refusal.msBeforeNext / 1000);
        onRefusal(seconds);
        throw new ServiceError('RATE_LIMITED', `Too many requests from your address; try again in ${seconds} seconds`);
      }
    },
  };
}
