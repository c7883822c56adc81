import { toHex } from '../bytes.js';
import { ProtocolError } from '../error.js';
import { readSerial } from './certificate.js';
import { TAG, DerCursor, derSequence, type DerElement } from './der.js';
import { readExtensions } from './extensions.js';
import { decodePem } from './pem.js';
import { checkAlgorithm, readSigned, type SignedStructure } from './signed.js';
import { derTime } from './time.js';

/** A certificate revocation list, RFC 5280 §5. Not verified. */
export interface RevocationList extends SignedStructure {
  readonly issuer: DerElement;
  /** Unix milliseconds. */
  readonly thisUpdate: number;
  /** Serial numbers as `Certificate.serial` spells them; on the list for whatever reason and since whenever. */
  readonly serials: ReadonlySet<string>;
}

const MAX_BYTES = 4 * 1024 * 1024;
const VERSION_2 = '020101';

function readRevoked(list: DerCursor): Set<string> {
  const serials = new Set<string>();
  while (!list.done) {
    const entry = list.enter(TAG.sequence);
    serials.add(readSerial(entry.take(TAG.integer)));
    derTime(entry.next());
    const extensions = entry.optional(TAG.sequence);
    // A critical entry extension could say that the entry is another issuer's (indirect lists): not understood.
    if (extensions !== null) readExtensions(new DerCursor(extensions.content), []);
    entry.end();
  }
  return serials;
}

/**
 * Reads one list. Delta and indirect lists are refused by their critical extensions.
 *
 * @throws ProtocolError `CRL`, `CERTIFICATE`, `DER`, `SIGNATURE_FORMAT`
 */
export function parseRevocationList(der: Uint8Array): RevocationList {
  if (der.length > MAX_BYTES) throw new ProtocolError('TOO_LARGE', 'a revocation list of more than 4 MiB');
  const signed = readSigned(der);
  const fields = new DerCursor(signed.toBeSigned.content);
  if (toHex(fields.take(TAG.integer).raw) !== VERSION_2)
    throw new ProtocolError('CRL', 'not a version 2 list');
  checkAlgorithm(fields.take(TAG.sequence));
  const issuer = fields.take(TAG.sequence);
  const thisUpdate = derTime(fields.next());
  const nextUpdate = fields.optional(TAG.utcTime) ?? fields.optional(TAG.generalizedTime);
  if (nextUpdate !== null) derTime(nextUpdate);
  const revoked = fields.optional(TAG.sequence);
  const extensions = fields.optional(TAG.context0);
  if (extensions !== null) readExtensions(derSequence(extensions.content), []);
  fields.end();
  const serials = revoked === null ? new Set<string>() : readRevoked(new DerCursor(revoked.content));
  return { ...signed, issuer, thisUpdate, serials };
}

/** @throws ProtocolError as {@link parseRevocationList}, and `PEM`, `BASE64URL` */
export function parseRevocationListPem(text: string): RevocationList {
  return parseRevocationList(decodePem(text, 'X509 CRL'));
}
