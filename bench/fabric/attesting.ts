import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import { type Attestation, type Ledger, LedgerError } from '@spondon/ledger/port';
import { canonicalJson } from '@spondon/protocol/canonical';
import { newDocumentId } from '@spondon/protocol/document-id';
import { HOME_ISSUER } from '../home-signer.js';
import { tellProgress } from '../report.js';

export interface Attesting {
  /** How long each took, ms. */
  readonly times: readonly number[];
  readonly refused: number;
  /** Of the largest: payload, certificates and signatures. */
  readonly bytes: number;
}

/** Asks what evidence needs, of the log's last known head, again and again with a pause of `everyMs`, until `isOver`. */
export async function attestWhile(
  ledger: Ledger,
  store: LogStore,
  everyMs: number,
  isOver: () => boolean,
): Promise<Attesting> {
  const times: number[] = [];
  let [refused, bytes] = [0, 0];
  while (!isOver()) {
    const n = store.head(ledger.mspId)?.n;
    const heads = n === undefined ? [] : [{ mspId: ledger.mspId, n }];
    // A status is attested whether or not there is such a document.
    const documents = [{ iss: HOME_ISSUER, jti: newDocumentId((length) => randomBytes(length)) }];
    const begun = performance.now();
    try {
      const attestation = await ledger.attest(canonicalJson({ heads, documents, issuers: [HOME_ISSUER] }));
      times.push(performance.now() - begun);
      bytes = Math.max(bytes, sizeOf(attestation));
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      tellProgress(`not attested: ${error.message}`);
      refused += 1;
    }
    await wait(everyMs);
  }
  return { times, refused, bytes };
}

function sizeOf({ payload, endorsements }: Attestation): number {
  return endorsements.reduce(
    (sum, { endorser, signature }) => sum + endorser.length + signature.length,
    payload.length,
  );
}
