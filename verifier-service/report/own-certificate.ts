import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ServiceError } from '../error.js';
import { type ReportSigner, validityOf } from './certificate.js';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const LEAST_RSA_BITS = 2048;

/**
 * A signer out of the operator's PEM files: the certificate, those that lead from it to a root, and the private key. They
 * need not be valid yet. Throws `CONFIG_INVALID`, which repeats nothing of the key.
 */
export function readOwnSigner(chain: string, privateKey: string, now: number): ReportSigner {
  const certificates = (chain.match(CERTIFICATE) ?? []).map(readCertificate);
  const [own] = certificates;
  if (!own) throw invalid('there is no certificate in it');
  const key = readKey(privateKey);
  if (!isKnownKind(key))
    throw invalid(`the key is neither of P-256 nor RSA of at least ${LEAST_RSA_BITS} bits`);
  if (!own.checkPrivateKey(key)) throw invalid('the key is not that of the first certificate');
  const signer = { key, certificates: certificates.map(({ raw }) => new Uint8Array(raw)) };
  if (now > validityOf(signer).to) throw invalid(`the certificate ended on ${own.validTo}`);
  return signer;
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw invalid('a certificate in it cannot be read');
  }
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw invalid('the key cannot be read (a key with a passphrase cannot be used)');
  }
}

function isKnownKind({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails;
  return asymmetricKeyType === 'ec'
    ? namedCurve === 'prime256v1'
    : asymmetricKeyType === 'rsa' && modulusLength >= LEAST_RSA_BITS;
}

function invalid(why: string): ServiceError {
  const message = `SPONDON_REPORT_CERT and SPONDON_REPORT_KEY must name a certificate and its key in PEM: ${why}`;
  return new ServiceError('CONFIG_INVALID', message);
}
