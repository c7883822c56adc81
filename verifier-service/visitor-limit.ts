import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { ServiceError } from './error.js';

const WINDOW_SECONDS = 60;
/** What one household or office gets of IPv6: whoever has one address of it has them all. */
const NETWORK_GROUPS = 4;

/** How much a visitor without a key may ask within a minute, counted by address and weighed by size. */
export interface VisitorLimit {
  /**
   * Throws `RATE_LIMITED` after telling how many seconds to wait, and `REQUEST_TOO_LARGE` for what no waiting would
   * make room for.
   */
  spend(address: string, cost: number, onRefusal: (seconds: number) => void): Promise<void>;
}

/** `points` a minute for each address; 0 limits nobody. */
export function createVisitorLimit(points: number): VisitorLimit {
  if (points === 0) return { spend: () => Promise.resolve() };
  const limiter = new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
  return {
    async spend(address, cost, onRefusal) {
      if (cost > points) {
        throw new ServiceError(
          'REQUEST_TOO_LARGE',
          `This asks for more than is allowed in a minute (${points}): ask for less`,
        );
      }
      try {
        await limiter.consume(visitorOf(address), cost);
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
        onRefusal(seconds);
        throw new ServiceError(
          'RATE_LIMITED',
          `Too many requests from your address; try again in ${seconds} seconds`,
        );
      }
    },
  };
}

/** Who is counted: an IPv4 address, or the network of an IPv6 one. */
export function visitorOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [before = '', after] = address.split('%', 1).join('').split('::');
  const groups = before === '' ? [] : before.split(':');
  const last = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : 8 - groups.length - last.length;
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...last];
  return `${all
    .slice(0, NETWORK_GROUPS)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
