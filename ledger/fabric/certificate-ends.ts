import { X509Certificate } from 'node:crypto';
import { decodeIdentity } from '../envelope.js';
import type { FabricSettings } from './connection.js';

/** What a certificate is for: its end stops just that. */
export type CertificateUse = 'client' | 'client TLS' | 'TLS root' | 'orderer' | 'endorser';

export interface CertificateEnd {
  readonly use: CertificateUse;
  /** Our own organisation's MSP, or the common name in the certificate: that of a host. */
  readonly holder: string;
  /** Unix ms. */
  readonly until: number;
}

/**
 * When the certificates end that we use a channel with: our own and the roots at once, orderers as the channel's
 * configuration names them, endorsers as they are seen. A newer certificate takes the older one's place.
 */
export class CertificateEnds {
  readonly #ends = new Map<string, CertificateEnd>();

  constructor({
    mspId,
    identity,
    tls,
    gateways,
    witnesses,
  }: Pick<FabricSettings, 'mspId' | 'identity' | 'tls' | 'gateways' | 'witnesses'>) {
    this.#note('client', identity.certificate, mspId);
    this.#note('client TLS', tls.certificate, mspId);
    for (const { tlsRoot } of [...gateways, ...witnesses]) this.#note('TLS root', tlsRoot);
  }

  all(): readonly CertificateEnd[] {
    return [...this.#ends.values()];
  }

  /** PEM, of all orderers that there are from now on. */
  orderersAre(certificates: readonly Uint8Array[]): void {
    for (const [key, { use }] of this.#ends) if (use === 'orderer') this.#ends.delete(key);
    for (const certificate of certificates) this.#note('orderer', certificate);
  }

  /** `msp.SerializedIdentity`, as it comes: whether it may endorse, others verify. */
  sawEndorser(identity: Uint8Array): void {
    this.#note('endorser', decodeIdentity(identity).certificate);
  }

  #note(use: CertificateUse, pem: string | Uint8Array, name?: string): void {
    const certificate = certificateIn(pem);
    // Who uses it is told so.
    if (!certificate) return;
    const holder = name ?? /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? certificate.subject;
    const key = `${use} ${holder}`;
    const until = Date.parse(certificate.validTo);
    if (until >= (this.#ends.get(key)?.until ?? 0)) this.#ends.set(key, { use, holder, until });
  }
}

function certificateIn(pem: string | Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}
