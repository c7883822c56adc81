import { encodeBase64url } from './base64url.js';
import { claimsHash, parseClaims, verifyClaims } from './claims.js';
import { publicKeyFromJwk, type Hash, type Verify } from './crypto.js';
import { ProtocolError } from './error.js';
import { keyOf, type Issuer } from './records.js';
import type { ClaimsSigner, FoundClaims } from './verdict/finding.js';

export interface IssuerList {
  readonly issuer: (iss: string) => Issuer | undefined;
  /** Whether an issuer that is missing here is one that does not exist, and not one that we have not heard of. */
  readonly isComplete: boolean;
}

/**
 * What can be said of a claims JWS by itself, with a list of issuers: whose it says it is, and whether that issuer's
 * key made its signature. Null when the text is no claims JWS in its one spelling.
 */
export async function readFoundClaims(
  jws: string,
  issuers: IssuerList,
  hash: Hash,
  verify: Verify,
): Promise<FoundClaims | null> {
  try {
    const signed = parseClaims(jws);
    const { iss, jti, iat } = signed.claims;
    const issuer = issuers.issuer(iss);
    const key = issuer && keyOf(issuer, signed.kid);
    const signer: ClaimsSigner =
      issuer && key
        ? { state: 'known', good: await verifyClaims(signed, publicKeyFromJwk(key.jwk), verify), issuer, key }
        : { state: issuers.isComplete ? 'unknown' : 'not-checked' };
    return { iss, jti, iat, hash: encodeBase64url(claimsHash(jws, hash)), signer };
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
