import { whyNoPostgres } from '@spondon/verifier-service/database/postgres.test-support';
import { whyNoKubo } from '@spondon/verifier-service/ipfs/kubo.test-support';
import type { Fault } from './fault.js';
import { networkFaults } from './network-faults.js';
import { serviceFaults } from './service-faults.js';
import { storeFaults } from './store-faults.js';

/** All of them, in the order in which they are tried; with why this machine cannot try one. */
export async function faultsFor(whyNoSides: string | null): Promise<readonly Fault[]> {
  const noKubo = whyNoKubo() || null;
  const noPostgres = (await whyNoPostgres()) || null;
  // Copies share a database.
  const noCopies = noPostgres && `there is one copy alone: ${noPostgres}`;
  return [...networkFaults(whyNoSides), ...serviceFaults(noCopies), ...storeFaults(noKubo, noPostgres)];
}
