import { X509Certificate } from 'node:crypto';
import { withCheck } from '../database/row-check.js';
import type { Database, ServiceTables } from '../database/schema.js';
import { ServiceError } from '../error.js';
import { newPrivateKey, openPrivateKey } from '../vault/private-key.js';
import type { Vault } from '../vault/seal.js';
import { type ReportSigner, selfSignedCertificate, validityOf } from './certificate.js';

export interface ReportKeyDeps {
  readonly db: Database;
  readonly vault: Vault;
  readonly now: () => number;
  readonly random: (length: number) => Uint8Array;
}

type ReportKeyRow = ServiceTables['reportKeys'];

/** A certificate with less time left than this is followed by a new one. */
const RENEWAL_MS = 365 * 24 * 60 * 60_000;

/** What the vault is told when it seals the key of reports. */
export function reportKeyContext(host: string): string {
  return `report-key/${host}`;
}

/**
 * The service's own key for reports of a host, with its certificate. Made when there is none yet, also for a portal that
 * has moved to another host; durable before it resolves. Throws `MASTER_KEY_WRONG`, `KEY_DAMAGED`.
 */
export async function openReportSigner(deps: ReportKeyDeps, host: string): Promise<ReportSigner> {
  const { db, vault, now } = deps;
  const newest = await db
    .selectFrom('reportKeys')
    .selectAll()
    .where('host', '=', host)
    .orderBy('createdAt', 'desc')
    .limit(1)
    .executeTakeFirst();
  const signer = newest && openReportKey(newest, vault);
  return signer && validityOf(signer).to - now() > RENEWAL_MS ? signer : createReportKey(deps, host);
}

/** One row of the table. Throws `MASTER_KEY_WRONG`, or `KEY_DAMAGED` when key and certificate are not one another's. */
export function openReportKey(
  { host, certificate, sealed }: Omit<ReportKeyRow, 'createdAt' | 'check'>,
  vault: Vault,
): ReportSigner {
  try {
    const key = openPrivateKey(sealed, vault, reportKeyContext(host));
    if (new X509Certificate(certificate).checkPrivateKey(key)) return { key, certificates: [certificate] };
  } catch (error) {
    if (error instanceof ServiceError && error.code !== 'KEY_DAMAGED') throw error;
    throw damaged(host, error);
  }
  throw damaged(host);
}

function damaged(host: string, cause?: unknown): ServiceError {
  const message =
    `The key or certificate that reports of ${host} are signed with is damaged: restore service.db, or have a new ` +
    'one made with npx spondon renew-report-key';
  return new ServiceError('KEY_DAMAGED', message, { cause });
}

async function createReportKey(
  { db, vault, now, random }: ReportKeyDeps,
  host: string,
): Promise<ReportSigner> {
  const { key, sealed } = newPrivateKey(vault, reportKeyContext(host));
  const createdAt = now();
  const certificate = selfSignedCertificate(key, host, createdAt, random(16));
  await db.insertInto('reportKeys').values(withCheck({ host, createdAt, certificate, sealed })).execute();
  return { key, certificates: [certificate] };
}

/** Has the next start make a new key: for one that may have been stolen. The service must be stopped. */
export async function forgetReportKeys(db: Database): Promise<void> {
  await db.deleteFrom('reportKeys').execute();
}
