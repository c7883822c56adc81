import { isLoopback } from './config.js';

/** Where a service that has just started is found. */
export interface Address {
  /** What programs on this machine reach it by. */
  readonly url: string;
  /** For whoever started it. */
  readonly lines: readonly string[];
}

/**
 * `listening` is the address that was bound. The page is genuine at `portalUrl` alone, which the trust list names, and
 * warns its visitors anywhere else: `http://127.0.0.1:8080` is not said where `http://localhost:8080` opens the same.
 */
export function describeAddress(portalUrl: string, listening: string): Address {
  if (opensTheSame(portalUrl, listening))
    return { url: portalUrl, lines: [`Spondon listens on ${portalUrl}`] };
  return {
    url: listening,
    lines: [
      `Spondon's page is at ${portalUrl}, and warns visitors at any other address`,
      `Spondon listens on ${listening}`,
    ],
  };
}

function opensTheSame(portalUrl: string, listening: string): boolean {
  const [portal, bound] = [new URL(portalUrl), new URL(listening)];
  if (portal.protocol !== bound.protocol || portal.port !== bound.port) return false;
  return portal.hostname === bound.hostname || (isLoopback(portalUrl) && isLoopback(listening));
}
