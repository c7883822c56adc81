import { X509Certificate } from 'node:crypto';
import type { Metrics } from '../metrics.js';
import { type ReportSigner, validityOf } from '../report/certificate.js';
import type { ServiceLedger } from './service-ledger.js';

export interface CertificateHolders {
  /** PEM, of the service's own HTTPS; null when a proxy has it. */
  readonly https: string | Uint8Array | null;
  readonly reportSigner: ReportSigner;
  readonly ledger: Pick<ServiceLedger, 'certificateEnds'>;
  /** Of the portal. */
  readonly host: string;
}

/** Shows when the certificates end that the service works with; those that are in use no longer disappear. */
export function showCertificateEnds(
  { certificateUntil }: Pick<Metrics, 'certificateUntil'>,
  { https, reportSigner, ledger, host }: CertificateHolders,
): void {
  certificateUntil.reset();
  const show = (certificate: string, holder: string, until: number): void =>
    certificateUntil.set({ certificate, holder }, until / 1000);
  if (https !== null) show('https', host, Date.parse(new X509Certificate(https).validTo));
  show('reports', host, validityOf(reportSigner).to);
  for (const { use, holder, until } of ledger.certificateEnds()) show(use, holder, until);
}
