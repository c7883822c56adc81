import { fileURLToPath } from 'node:url';
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { openTrustBundle } from '@spondon/protocol/trust';
import type { AppOptions } from '../app.js';
import { type Config, isLoopback } from '../config.js';
import { queueOf } from '../database/schema.js';
import type { ServiceDatabase } from '../database/service-database.js';
import type { DiskWatch } from '../disk.js';
import type { StatementJudge } from '../documents/judge-pool.js';
import type { PreparedDocument, PrepareJob } from '../documents/prepare.js';
import { Ballot } from '../facilities/ballot.js';
import { Registrar } from '../facilities/registrar.js';
import { Signers } from '../facilities/signers.js';
import { WrappingKeys } from '../facilities/wrapping-keys.js';
import { faultOf } from '../fault.js';
import { createFileSlots } from '../file-slots.js';
import type { Metrics } from '../metrics.js';
import { pemOf, type ReportSigner } from '../report/certificate.js';
import type { TypesetJob } from '../report/typesetter.js';
import type { ClaimsReader } from '../read/claims-reader.js';
import type { ThreadPool } from '../threads/pool.js';
import type { Vault } from '../vault/seal.js';
import { loadSigningKey, newSigningKey } from '../vault/signing-key.js';
import type { ReportRoutes } from '../routes/reports.js';
import type { EvidenceDeps } from '../verify/evidence.js';
import { Finder } from '../verify/find.js';
import { type KnownSignatures, verifyOnce } from '../verify/known-signatures.js';
import { createVisitorLimit } from '../visitor-limit.js';
import type { Anchoring } from './anchoring.js';
import { showCertificateEnds } from './certificate-ends.js';
import type { Documents } from './document-store.js';
import type { ServiceLedger } from './service-ledger.js';

/** What has been opened, and runs. */
export interface Parts {
  readonly config: Config;
  readonly database: ServiceDatabase;
  readonly vault: Vault;
  readonly ledger: ServiceLedger;
  readonly anchoring: Anchoring;
  readonly documents: Documents;
  readonly prepare: ThreadPool<PrepareJob, PreparedDocument>;
  readonly reader: ClaimsReader;
  readonly statements: StatementJudge;
  readonly typesetter: ThreadPool<TypesetJob, Uint8Array>;
  readonly reportSigner: ReportSigner;
  /** PEM, of our own HTTPS; null when a proxy has it. */
  readonly https: Uint8Array | null;
  readonly knownSignatures: KnownSignatures;
  readonly disk: DiskWatch;
  readonly metrics: Metrics;
  readonly log: Logger;
}

const now = (): number => Date.now();
const random = (length: number): Uint8Array => randomBytes(length);

/** Gives every route what it works with. */
export function assemble(parts: Parts): {
  registrar: Registrar;
  options: Omit<AppOptions, 'tls'>;
  /** Whether a look-up is answered at the moment. */
  lookUp: () => Promise<boolean>;
} {
  const { config, vault, anchoring, metrics, log } = parts;
  const { db, problem } = parts.database;
  const { mspId } = parts.ledger.ledger;
  const { store: derived, gauge } = anchoring;
  const { onQueued, upToDate } = anchoring;
  const issuer = (iss: string) => derived.issuer(iss);
  const signers = new Signers({
    db,
    openKey: (sealed, iss) => loadSigningKey(sealed, vault, iss),
    issuer,
    upToDate: () => upToDate(queueOf(db)),
  });
  const wrappingKeys = new WrappingKeys({ db, vault, random });
  const registrar = registrarOf(parts, signers, wrappingKeys);
  const limit = createVisitorLimit(config.rateLimit);
  const assertQueueHasRoom = (): void => gauge.assertRoom();
  const trustBundle = () => parts.ledger.trustBundle({ hosts: [new URL(config.portalUrl).host], now: now() });
  const verification = verificationOf(parts);
  const options: Omit<AppOptions, 'tls'> = {
    logger: log,
    trustProxy: config.trustProxy,
    metrics,
    documents: { ...documentsOf(parts, signers, wrappingKeys), assertQueueHasRoom },
    statements: {
      db,
      accept: { db, log: derived, issuer, judge: parts.statements.judge, now, mspId, onQueued, upToDate },
      assertQueueHasRoom,
    },
    verification: { ...verification, limit },
    reports: { ...reportsOf(parts, verification.evidence, trustBundle), limit },
    trust: { trustBundle, issuers: () => derived.issuers(), limit },
    administration: { db, registrar, issuer, now, random },
    health: {
      metrics: metrics.registry,
      refresh: async () => {
        await anchoring.measure();
        showCertificateEnds(metrics, {
          https: parts.https,
          reportSigner: parts.reportSigner,
          ledger: parts.ledger,
          host: new URL(config.portalUrl).host,
        });
      },
      problems: async () => {
        const ofDatabase = await problem();
        return [
          ...(await parts.disk.problems()),
          ...(ofDatabase === null ? [] : [ofDatabase]),
          ...(await parts.documents.problems()),
          ...(await anchoring.problems()),
        ];
      },
      warnings: () => parts.documents.warnings(),
    },
    portal: { site: PORTAL_SITE },
    onError: (error) => parts.disk.note(error),
  };
  const lookUp = async (): Promise<boolean> =>
    (await verification.finder.byFile(NOBODYS_HASH, [])).state === 'answered';
  return { registrar, options, lookUp };
}

/** The way to 'nothing is known of it' is the same as to a document, up to the signature. */
const NOBODYS_HASH = new Uint8Array(32);

function registrarOf(
  { database: { db, copies }, vault, ledger, anchoring }: Parts,
  signers: Signers,
  wrappingKeys: WrappingKeys,
): Registrar {
  const { store } = anchoring;
  const ballot = new Ballot({
    ledger: ledger.ledger,
    decisions: () => store.decisions(),
    regulators: () => store.regulators,
    applied: anchoring.applied,
    decided: anchoring.decided,
    hash: sha256,
    random,
  });
  return new Registrar({
    db,
    mspId: ledger.ledger.mspId,
    ballot,
    issuer: (iss) => store.issuer(iss),
    copies,
    signers,
    newSigningKey: (iss) => {
      const { key, sealed } = newSigningKey(vault, iss);
      return { kid: key.kid, jwk: key.jwk, sealed };
    },
    newFacilityKey: (iss) => wrappingKeys.create(iss),
    now,
  });
}

function documentsOf(parts: Parts, signers: Signers, wrappingKeys: WrappingKeys) {
  const { config, ledger, anchoring, prepare, metrics } = parts;
  const { store } = parts.documents;
  const { db, overwriteDeleted, copies } = parts.database;
  const { store: derived, onQueued, upToDate } = anchoring;
  const revoke = {
    db,
    log: derived,
    withSigner: signers.with,
    assertSigns: copies?.assertSigns,
    now,
    mspId: ledger.ledger.mspId,
    onQueued,
    upToDate,
  };
  return {
    db,
    issue: {
      ...revoke,
      prepare: (job: PrepareJob) => prepare.run(job, [job.file.buffer]),
      store,
      wrapKey: wrappingKeys.wrap.bind(wrappingKeys),
      hash: sha256,
      random,
      portalUrl: config.portalUrl,
      portalWarning: isLoopback(config.portalUrl) ? LOOPBACK_WARNING : null,
      onQueued: (count: number): void => {
        metrics.issued.inc();
        onQueued(count);
      },
    },
    revoke,
    read: { db, log: derived, upToDate },
    file: { db, store, unwrapKey: wrappingKeys.unwrap.bind(wrappingKeys), hash: sha256 },
    erase: { db, store, overwriteDeleted, now },
    admitUpload: createFileSlots(config.maxUploads),
    // Apart: whoever fetches slowly must not keep anybody from issuing.
    admitDownload: createFileSlots(config.maxUploads),
  };
}

function verificationOf({ config, ledger, anchoring, reader, knownSignatures, log }: Parts) {
  const { store: derived, mayBeQueued, queued, isCurrent } = anchoring;
  const finder = new Finder({
    log: derived,
    mayBeQueued,
    queued,
    isCurrent,
    onDamage: (error) => log.error({ fault: faultOf(error) }, 'the log cannot be read: run fsck'),
    hash: sha256,
    verify: verifyOnce(verify, knownSignatures, sha256),
    now,
    singleOwner: ledger.singleOwner,
  });
  return {
    finder,
    file: { finder, readClaims: (file: Uint8Array) => reader.read(file), now },
    evidence: { ledger: ledger.ledger, log: derived, finder, now },
    // Apart from those of the facilities: visitors who send slowly must not keep anybody from issuing.
    admitUpload: createFileSlots(config.maxUploads),
    now,
  };
}

function reportsOf(
  { config, typesetter, reportSigner }: Parts,
  evidence: EvidenceDeps,
  trustBundle: () => Promise<string>,
): Omit<ReportRoutes, 'limit'> {
  const trust = async () => {
    const text = await trustBundle();
    const { fingerprint } = await openTrustBundle(text, { now: now(), hash: sha256, verify });
    return { text, fingerprint };
  };
  return {
    report: {
      evidence,
      trust,
      typeset: (job: TypesetJob) => typesetter.run(job),
      signer: reportSigner,
      origin: config.portalUrl,
      now,
    },
    certificate: pemOf(reportSigner),
    admit: createFileSlots(REPORTS_AT_ONCE),
  };
}

/** Each may hold the evidence of 500 documents. */
const REPORTS_AT_ONCE = 8;

/** Where the page stands once it is built. */
const PORTAL_SITE = fileURLToPath(new URL('../../../public-portal/site', import.meta.url));

const LOOPBACK_WARNING = {
  code: 'LOOPBACK_PORTAL',
  message:
    'The code on this document leads to this very machine and opens nowhere else: set SPONDON_PORTAL_URL to the ' +
    "portal's public address before issuing real documents",
};
