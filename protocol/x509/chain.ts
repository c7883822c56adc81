import type { Verify } from '../crypto.js';
import { ProtocolError } from '../error.js';
import type { Certificate } from './certificate.js';
import type { RevocationList } from './crl.js';
import { KEY_USAGE } from './extensions.js';
import { sameName } from './signed.js';

/**
 * Chains of one organisation. Issuers come only from its own list: a certificate that somebody presents can be
 * the end of a chain and never a link of it.
 */

/** A certificate that may issue, with those above it: `path[0]` is the certificate itself, the last a root. */
export interface Authority {
  readonly certificate: Certificate;
  readonly path: readonly Certificate[];
}

/** An organisation's authorities and what they revoked, verified once so that each use costs one signature. */
export interface Authorities {
  readonly list: readonly Authority[];
  readonly revocations: readonly RevocationList[];
}

export type ChainRefusal = 'usage' | 'issuer-unknown' | 'signature' | 'outside-validity' | 'revoked';

/** Longest chain above an end certificate; real ones have one or two. */
const MAX_PATH = 5;

function refuse(what: string): never {
  throw new ProtocolError('CERTIFICATE', what);
}

function checkMayIssue(certificate: Certificate): void {
  if (certificate.basicConstraints?.ca !== true) refuse('an issuer that is no certificate authority');
  if (certificate.keyUsage?.has(KEY_USAGE.keyCertSign) !== true)
    refuse('an issuer whose key may not sign certificates');
  if (certificate.subject.content.length === 0) refuse('an issuer without a name');
}

/** RFC 5280 §4.2.1.9: how many intermediate certificates may stand between an issuer and the end of the chain. */
function pathLengthsHold(path: readonly Certificate[]): boolean {
  return path.every(({ basicConstraints }, below) => (basicConstraints?.pathLength ?? MAX_PATH) >= below);
}

/** Whether `issuer`'s key signed `subject`, by name first and then by signature. */
async function issued(
  issuer: Certificate,
  subject: Certificate | RevocationList,
  verify: Verify,
): Promise<boolean> {
  if (!sameName(issuer.subject, subject.issuer)) return false;
  return verify(issuer.publicKey, subject.signature, subject.toBeSigned.raw);
}

/** The intermediates that `above` issued, each with its way to the root. */
async function authoritiesBelow(
  above: Authority,
  intermediates: readonly Certificate[],
  verify: Verify,
): Promise<Authority[]> {
  const below: Authority[] = [];
  for (const certificate of intermediates) {
    const path = [certificate, ...above.path];
    const fits = path.length <= MAX_PATH && !above.path.includes(certificate) && pathLengthsHold(path);
    if (fits && (await issued(above.certificate, certificate, verify))) below.push({ certificate, path });
  }
  return below;
}

/**
 * Checks an organisation's list once: every root and intermediate may issue, every intermediate chains to a
 * root, every revocation list is signed by one of them whose key may. Roots are trusted as they are (their
 * own signature would add nothing); dates are left for the moment that is asked about.
 *
 * @throws ProtocolError `CERTIFICATE`, `CRL`
 */
export async function openAuthorities(
  roots: readonly Certificate[],
  intermediates: readonly Certificate[],
  revocations: readonly RevocationList[],
  verify: Verify,
): Promise<Authorities> {
  [...roots, ...intermediates].forEach(checkMayIssue);
  const list: Authority[] = roots.map((certificate) => ({ certificate, path: [certificate] }));
  // The list grows while it is walked: one intermediate may have several ways up (a renewed root).
  for (const above of list) list.push(...(await authoritiesBelow(above, intermediates, verify)));
  if (
    !intermediates.every((certificate) => list.some((authority) => authority.certificate === certificate))
  ) {
    refuse('an intermediate certificate leads to none of the roots');
  }
  for (const revocation of revocations) await checkRevocationList(revocation, list, verify);
  return { list, revocations };
}

async function checkRevocationList(
  revocation: RevocationList,
  list: readonly Authority[],
  verify: Verify,
): Promise<void> {
  for (const { certificate } of list) {
    if (
      certificate.keyUsage?.has(KEY_USAGE.crlSign) === true &&
      (await issued(certificate, revocation, verify))
    )
      return;
  }
  throw new ProtocolError('CRL', 'a revocation list that none of its organisation signed');
}

/** By name and serial, not by key: a list says what its name issued, and a renewed key keeps its name. */
function isRevoked(certificate: Certificate, revocations: readonly RevocationList[]): boolean {
  return revocations.some(
    (list) => sameName(list.issuer, certificate.issuer) && list.serials.has(certificate.serial),
  );
}

function isValidAt(certificate: Certificate, at: number): boolean {
  return certificate.notBefore <= at && at <= certificate.notAfter;
}

/**
 * Whether `certificate` is an end certificate that signs, issued under `authorities`, with it and all above it
 * valid at `at` (Unix ms) and none on a revocation list, since whenever: null, or the first reason against it.
 */
export async function refuseChain(
  certificate: Certificate,
  authorities: Authorities,
  at: number,
  verify: Verify,
): Promise<ChainRefusal | null> {
  const signs = certificate.keyUsage?.has(KEY_USAGE.digitalSignature) === true;
  const issues =
    certificate.basicConstraints?.ca === true || certificate.keyUsage?.has(KEY_USAGE.keyCertSign) === true;
  if (!signs || issues) return 'usage';
  let refusal: ChainRefusal = 'issuer-unknown';
  // Several authorities may bear one name (a renewed root): any that fits will do.
  for (const authority of authorities.list) {
    if (!sameName(authority.certificate.subject, certificate.issuer)) continue;
    const chain = [certificate, ...authority.path];
    if (chain.some((link) => isRevoked(link, authorities.revocations))) refusal = 'revoked';
    else if (!chain.every((link) => isValidAt(link, at))) refusal = 'outside-validity';
    else if (!(await issued(authority.certificate, certificate, verify))) refusal = 'signature';
    else return null;
  }
  return refusal;
}
