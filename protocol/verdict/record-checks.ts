import { formatDocumentId } from '../document-id.js';
import { formatMoment } from '../civil-time.js';
import { keyOf, keyValidAt, type Issuer, type Status } from '../records.js';
import { checkOf, type Check } from './codes.js';
import type { FoundRecord, PendingRevocation } from './finding.js';

/** What can be said of one record by itself, whatever was asked: signature, issuer, anchoring and status. */

/** Anchoring takes seconds; what is not anchored after this long has been lost or held back. */
export const ANCHORING_OVERDUE_MS = 60 * 60 * 1000;

export interface JudgingTime {
  /** Unix ms. */
  readonly now: number;
  /** How old a status may be, in ms; whatever is older is unavailable. No limit when absent. */
  readonly maxStatusAge?: number;
}

/** How an issuer is named in a sentence. */
export function issuerName(record: FoundRecord): string {
  return record.issuer?.name ?? record.statement.iss;
}

export function contactOf(issuer: Issuer): string {
  return issuer.telephone === '' ? issuer.name : `${issuer.name}, telephone ${issuer.telephone}`;
}

export function signatureCheck(record: FoundRecord, { now }: JudgingTime): Check {
  const { issuer, kid } = record;
  if (issuer === null) return checkOf('signature-not-checked', {});
  const filling = { issuer: issuer.name, contact: contactOf(issuer) };
  const key = keyOf(issuer, kid);
  if (key === null) return checkOf('key-unknown', filling);
  if (!record.signatureGood) return checkOf('signature-invalid', filling);
  // What still waits will be anchored no earlier than now.
  const at = record.anchoring.state === 'anchored' ? record.anchoring.at : now;
  if (keyValidAt(issuer, kid, at) !== null) return checkOf('signature-good', filling);
  if (at < key.from) return checkOf('key-not-yet-valid', filling);
  return checkOf(key.why === 'compromised' ? 'key-compromised' : 'key-ended', filling);
}

export function issuerCheck(issuer: Issuer | null): Check {
  if (issuer === null) return checkOf('issuer-not-listed', {});
  const filling = { issuer: issuer.name, contact: contactOf(issuer), since: formatMoment(issuer.since) };
  return checkOf(issuer.state === 'suspended' ? 'issuer-suspended' : 'issuer-admitted', filling);
}

export function anchorCheck(record: FoundRecord, { now }: JudgingTime): Check {
  const { anchoring } = record;
  if (anchoring.state === 'pending') {
    const since = formatMoment(anchoring.acceptedAt);
    const contact = record.issuer === null ? issuerName(record) : contactOf(record.issuer);
    const overdue = now - anchoring.acceptedAt > ANCHORING_OVERDUE_MS;
    return overdue ? checkOf('anchor-overdue', { since, contact }) : checkOf('anchor-pending', { since });
  }
  const { at, attested } = anchoring;
  const since = formatMoment(at);
  if (attested === undefined) return checkOf('anchored', { since });
  const witnesses = attested.by.join(', ');
  return checkOf('anchored-attested', { since, attested: formatMoment(attested.at), witnesses });
}

function revokedCheck(status: Status, issuer: string, contact: string): Check {
  const filling = { issuer, contact, since: formatMoment(status.at) };
  if (status.reason === 'superseded') {
    return checkOf('superseded', { ...filling, by: formatDocumentId(status.by ?? '') });
  }
  return checkOf(`revoked-${status.reason}`, filling);
}

function pendingRevocationCheck(pending: PendingRevocation, issuer: string, contact: string): Check {
  const filling = { issuer, contact, since: formatMoment(pending.acceptedAt) };
  if (pending.by === undefined) return checkOf('revocation-pending', filling);
  return checkOf('supersession-pending', { ...filling, by: formatDocumentId(pending.by) });
}

/** A revocation speaks at any age, as only the regulators can take it back; 'not revoked' goes stale. */
export function statusCheck(record: FoundRecord, { now, maxStatusAge = Infinity }: JudgingTime): Check {
  const { status: found, pendingRevocation, statement } = record;
  const issuer = issuerName(record);
  const contact = record.issuer === null ? issuer : contactOf(record.issuer);
  const status = found.state === 'known' ? found.status : null;
  if (status !== null && status.annulled === undefined) return revokedCheck(status, issuer, contact);
  if (pendingRevocation !== undefined) return pendingRevocationCheck(pendingRevocation, issuer, contact);
  if (statement.exp !== undefined && statement.exp * 1000 <= now) {
    return checkOf('expired', { since: formatMoment(statement.exp * 1000) });
  }
  if (found.state === 'not-attested') return checkOf('status-not-attested', {});
  const asOf = formatMoment(found.asOf);
  if (now - found.asOf > maxStatusAge) return checkOf('status-stale', { asOf });
  if (status?.annulled === undefined) return checkOf('in-force', { asOf });
  return checkOf('revocation-annulled', { asOf, since: formatMoment(status.annulled) });
}
