import { toHex } from '../bytes.js';
import { ProtocolError } from '../error.js';
import { TAG, DerCursor, derUnsigned, type DerElement } from './der.js';
import { certificateExtensions, type CertificateExtensions } from './extensions.js';
import { organizationalUnits } from './name.js';
import { decodePem } from './pem.js';
import { checkAlgorithm, readSigned, type SignedStructure } from './signed.js';
import { derTime } from './time.js';

/** An X.509 v3 certificate (RFC 5280 §4) over a P-256 key, as far as chains and roles need it. Not verified. */
export interface Certificate extends SignedStructure, CertificateExtensions {
  /** Upper bound 20 bytes; lower-case hexadecimal without a sign byte. */
  readonly serial: string;
  readonly issuer: DerElement;
  readonly subject: DerElement;
  /** Subject's organizational units: among them, in an MSP with node OUs, the role. */
  readonly units: readonly string[];
  /** Unix milliseconds, first and last moment. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** 65-byte uncompressed P-256 point; whether it is on the curve, its use will tell. */
  readonly publicKey: Uint8Array;
}

const MAX_BYTES = 16_384;
const VERSION_3 = '020102';
/** SubjectPublicKeyInfo of a P-256 key up to the point (RFC 5480 §2): explicit curves and other kinds differ here. */
const P256_KEY = '3059301306072a8648ce3d020106082a8648ce3d03010703420004';
const P256_KEY_BYTES = 91;
const POINT_OFFSET = 26;

export function readSerial(element: DerElement): string {
  const bytes = derUnsigned(element);
  if (bytes.length > 20) throw new ProtocolError('CERTIFICATE', 'a serial number of more than 20 bytes');
  return toHex(bytes);
}

function readPublicKey(info: DerElement): Uint8Array {
  if (info.raw.length !== P256_KEY_BYTES || toHex(info.raw.subarray(0, POINT_OFFSET + 1)) !== P256_KEY) {
    throw new ProtocolError('CERTIFICATE', 'the key is not an uncompressed P-256 key');
  }
  return info.raw.subarray(POINT_OFFSET);
}

/**
 * Reads one certificate. Attacker-controlled input; nothing is verified, neither signature nor dates.
 *
 * @throws ProtocolError `CERTIFICATE`, `DER`, `SIGNATURE_FORMAT`, `UTF8`
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_BYTES) throw new ProtocolError('TOO_LARGE', 'a certificate of more than 16 KiB');
  const signed = readSigned(der);
  const fields = new DerCursor(signed.toBeSigned.content);
  if (toHex(fields.take(TAG.context0).content) !== VERSION_3) {
    throw new ProtocolError('CERTIFICATE', 'not an X.509 version 3 certificate');
  }
  const serial = readSerial(fields.take(TAG.integer));
  checkAlgorithm(fields.take(TAG.sequence));
  const issuer = fields.take(TAG.sequence);
  const validity = fields.enter(TAG.sequence);
  const notBefore = derTime(validity.next());
  const notAfter = derTime(validity.next());
  validity.end();
  const subject = fields.take(TAG.sequence);
  const publicKey = readPublicKey(fields.take(TAG.sequence));
  const extensions = certificateExtensions(fields.optional(TAG.context3));
  fields.end();
  const units = organizationalUnits(subject);
  const { toBeSigned, signature } = signed;
  const { basicConstraints, keyUsage } = extensions;
  // Named one by one: spreading the two costs as much as reading the certificate.
  return {
    toBeSigned,
    signature,
    basicConstraints,
    keyUsage,
    serial,
    issuer,
    subject,
    units,
    notBefore,
    notAfter,
    publicKey,
  };
}

/** @throws ProtocolError as {@link parseCertificate}, and `PEM`, `BASE64URL` */
export function parseCertificatePem(text: string): Certificate {
  return parseCertificate(decodePem(text, 'CERTIFICATE'));
}
