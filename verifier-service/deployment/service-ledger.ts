import type { Ledger } from '@spondon/ledger/port';
import type { OwnLedger } from './ledger.js';

export interface CertificateEnd {
  /** What it is for. */
  readonly use: string;
  readonly holder: string;
  /** Unix ms. */
  readonly until: number;
}

/** A ledger, and what the service has to know about it besides. */
export interface ServiceLedger {
  readonly ledger: Ledger;
  /** One organisation runs all of it: every answer says so. */
  readonly singleOwner: boolean;
  /** The signed bundle under which verifiers believe it. */
  readonly trustBundle: (subject: { hosts: readonly string[]; now: number }) => Promise<string>;
  /** When peers of other organisations last held the same blocks, by MSP, Unix ms; null for never yet. */
  readonly agreedAt: () => ReadonlyMap<string, number | null>;
  /** When certificates end that it is used with, and the trust bundle, as far as they are known. */
  readonly certificateEnds: () => readonly CertificateEnd[];
  /** What keeps it from being written; null while all is well. */
  readonly failure: () => Promise<Error | null>;
}

export function embeddedServiceLedger(ledger: OwnLedger): ServiceLedger {
  return {
    ledger,
    singleOwner: true,
    trustBundle: (subject) => ledger.trustBundle(subject),
    agreedAt: () => new Map(),
    // Its own are valid for 20 years, and nobody else's are needed.
    certificateEnds: () => [],
    failure: async () => {
      // While nothing waits to be anchored, nobody else may ask the ledger to try again for a minute.
      if (ledger.failure) await ledger.mend().catch(() => undefined);
      return ledger.failure;
    },
  };
}
