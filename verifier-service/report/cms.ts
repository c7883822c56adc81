import { createHash, sign } from 'node:crypto';
import { DerCursor, derSequence, TAG } from '@spondon/protocol/x509/der';
import type { ReportSigner } from './certificate.js';
import { element, integer, NULL, octets, oid, sequence, setOf } from './der.js';

const DATA = oid('1.2.840.113549.1.7.1');
const SIGNED_DATA = oid('1.2.840.113549.1.7.2');
const CONTENT_TYPE = oid('1.2.840.113549.1.9.3');
const MESSAGE_DIGEST = oid('1.2.840.113549.1.9.4');
const SIGNING_CERTIFICATE_V2 = oid('1.2.840.113549.1.9.16.2.47');
const SHA256 = sequence(oid('2.16.840.1.101.3.4.2.1'));
const CONTEXT_4 = 0xa4;

/** By `KeyObject.asymmetricKeyType`. Node signs EC keys as DER, RSA keys by PKCS #1 v1.5: both as CMS wants them. */
const SIGNATURES: Readonly<Record<string, Uint8Array>> = {
  ec: sequence(oid('1.2.840.10045.4.3.2')),
  rsa: sequence(oid('1.2.840.113549.1.1.11'), NULL),
};

/** Bytes that hold a signature by this signer, in whatever length it comes out. */
export function signatureRoom({ certificates }: ReportSigner): number {
  return certificates.reduce((sum, { length }) => sum + length, 2048);
}

/**
 * A detached signature of CMS (RFC 5652) over `data`, as PAdES baseline level B-B wants it in a PDF (ETSI EN 319 142-1,
 * 6.3): of the signed attributes the type of the content, its digest, and the certificate (RFC 5035); no signing time,
 * which is the signature dictionary's to tell. Nothing vouches for that time.
 */
export function signedData(data: readonly Uint8Array[], { key, certificates }: ReportSigner): Uint8Array {
  const [own] = certificates;
  const algorithm = SIGNATURES[key.asymmetricKeyType ?? ''];
  if (!own || !algorithm) throw new TypeError('reports are signed with a certificate of an EC or RSA key');
  const digest = createHash('sha256');
  for (const part of data) digest.update(part);
  const attributes = [
    attribute(CONTENT_TYPE, DATA),
    attribute(MESSAGE_DIGEST, octets(digest.digest())),
    attribute(SIGNING_CERTIFICATE_V2, signingCertificate(own)),
  ];
  const toBeSigned = setOf(...attributes);
  const signerInfo = sequence(
    integer(1),
    issuerAndSerial(own),
    SHA256,
    // Signed as a SET, and sent under a tag of its own.
    retagged(toBeSigned, TAG.context0),
    algorithm,
    octets(sign('sha256', toBeSigned, key)),
  );
  const content = sequence(
    integer(1),
    setOf(SHA256),
    sequence(DATA),
    retagged(setOf(...certificates), TAG.context0),
    setOf(signerInfo),
  );
  return sequence(SIGNED_DATA, element(TAG.context0, content));
}

function attribute(type: Uint8Array, value: Uint8Array): Uint8Array {
  return sequence(type, setOf(value));
}

/** Hash, issuer and serial number of the certificate: no other of the same key can be put in its place. */
function signingCertificate(certificate: Uint8Array): Uint8Array {
  const { issuer, serial } = namesOf(certificate);
  const hash = octets(createHash('sha256').update(certificate).digest());
  const general = sequence(element(CONTEXT_4, issuer));
  return sequence(sequence(sequence(hash, sequence(general, serial))));
}

function issuerAndSerial(certificate: Uint8Array): Uint8Array {
  const { issuer, serial } = namesOf(certificate);
  return sequence(issuer, serial);
}

function namesOf(certificate: Uint8Array): { readonly issuer: Uint8Array; readonly serial: Uint8Array } {
  const fields = derSequence(certificate).enter(TAG.sequence);
  fields.optional(TAG.context0);
  const serial = fields.take(TAG.integer).raw;
  fields.take(TAG.sequence);
  return { issuer: fields.take(TAG.sequence).raw, serial };
}

function retagged(encoded: Uint8Array, tag: number): Uint8Array {
  return element(tag, new DerCursor(encoded).next().content);
}
