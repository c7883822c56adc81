import { formatMoment } from '../civil-time.js';
import { checkOf, type Check } from './codes.js';
import type { Finding, FoundClaims } from './finding.js';
import { ANCHORING_OVERDUE_MS, contactOf, issuerName, type JudgingTime } from './record-checks.js';
import { agrees, type Selection } from './selection.js';

/** Claims that no record at hand vouches for: all there is to go by is their own signature. */
function unvouchedCheck(claims: FoundClaims, wholeRegister: boolean, { now }: JudgingTime): Check {
  const { signer } = claims;
  if (signer.state === 'unknown') return checkOf('claims-key-unknown', {});
  if (signer.state === 'not-checked') return checkOf('claims-not-checked', {});
  const filling = { issuer: signer.issuer.name, contact: contactOf(signer.issuer) };
  if (signer.key.why === 'compromised') return checkOf('claims-key-compromised', filling);
  if (!wholeRegister) return checkOf('claims-signed', filling);
  const dated = { ...filling, since: formatMoment(claims.iat * 1000) };
  const overdue = now - claims.iat * 1000 > ANCHORING_OVERDUE_MS;
  return checkOf(overdue ? 'claims-unregistered' : 'claims-unregistered-new', dated);
}

function claimsCheck(
  claims: FoundClaims,
  selection: Selection,
  wholeRegister: boolean,
  time: JudgingTime,
): Check {
  const { vouchers, contradicted } = selection;
  if (claims.signer.state === 'known' && !claims.signer.good) return checkOf('claims-signature-invalid', {});
  // The record's own signature vouches for these claims, so a key that ended since does not matter.
  const voucher = vouchers.find((record) => agrees(claims, record));
  if (voucher !== undefined) return checkOf('claims-match', { issuer: issuerName(voucher) });
  if (contradicted) return checkOf('claims-contradict', {});
  return unvouchedCheck(claims, wholeRegister, time);
}

/** The worst that is to be said of the claims found; null when there were none. */
export function worstClaimsCheck(finding: Finding, selection: Selection, time: JudgingTime): Check | null {
  const wholeRegister = finding.lookup.state === 'answered' && finding.lookup.source === 'register';
  const checks = finding.claims.map((claims) => claimsCheck(claims, selection, wholeRegister, time));
  const ofState = (state: Check['state']): Check | undefined => checks.find((check) => check.state === state);
  return ofState('failed') ?? ofState('unavailable') ?? ofState('passed') ?? null;
}
