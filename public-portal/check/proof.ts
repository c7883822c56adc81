import { ProtocolError } from '@spondon/protocol/error';
import type { Lookup } from '@spondon/protocol/verdict/finding';
import { sha256, verify } from './crypto.js';
import type { TrustList } from './trust-list.js';

/** Evidence that was verified in this browser. */
export interface Proof {
  readonly text: string;
  readonly lookup: Lookup;
  readonly endorsedBy: readonly string[];
}

/** Null for a text that is no evidence file. */
export async function proofIn(text: string, { bundle }: TrustList, now: number): Promise<Proof | null> {
  // Loaded when it is needed, as it is the largest part of the check.
  const [{ lookupFromEvidence, verifyEvidence }, { parseEvidence }] = await Promise.all([
    import('@spondon/protocol/evidence'),
    import('@spondon/protocol/evidence/file'),
  ]);
  const evidence = unlessNotOurs(() => parseEvidence(text.trimEnd()));
  if (evidence === null) return null;
  const proven = await verifyEvidence(evidence, { bundle, now, hash: sha256, verify });
  return { text, lookup: lookupFromEvidence(proven), endorsedBy: proven.endorsedBy };
}

function unlessNotOurs<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
