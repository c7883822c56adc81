import { type Claims, parseClaims } from '@spondon/protocol/claims';
import { readFoundClaims } from '@spondon/protocol/found-claims';
import type { FoundClaims } from '@spondon/protocol/verdict/finding';
import { sha256, verify } from './crypto.js';
import type { TrustList } from './trust-list.js';

/** A claims text that was read, and what its signature is worth. */
export interface ReadClaims {
  readonly found: FoundClaims;
  readonly claims: Claims;
}

const NOBODY = { issuer: () => undefined, isComplete: false };

/** Texts that are no claims are passed over, and repetitions. */
export async function readClaims(texts: readonly string[], trust: TrustList | null): Promise<ReadClaims[]> {
  const read: ReadClaims[] = [];
  for (const text of new Set(texts)) {
    const found = await readFoundClaims(text, trust?.issuers ?? NOBODY, sha256, verify);
    if (found) read.push({ found, claims: parseClaims(text).claims });
  }
  return read;
}

/** What an issuer is known to have signed. */
export function signedFacts(claims: readonly ReadClaims[]): Claims[] {
  return claims
    .filter(({ found }) => found.signer.state === 'known' && found.signer.good)
    .map(({ claims: said }) => said);
}
