import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Issuer } from '@spondon/protocol/records';
import { buildApp } from '../app.js';
import type { CertificateFiles, Config } from '../config.js';
import type { Database } from '../database/schema.js';
import type { ServiceDatabase } from '../database/service-database.js';
import { DiskWatch } from '../disk.js';
import { finishErasures } from '../documents/erase.js';
import { forgetOldOutcomes } from '../documents/idempotency.js';
import { createStatementJudge } from '../documents/judge-pool.js';
import { createPreparePool } from '../documents/prepare.js';
import type { Registrar } from '../facilities/registrar.js';
import { faultOf } from '../fault.js';
import type { DocumentStore } from '../ipfs/store.js';
import { isStorageUnavailable, ServiceError } from '../error.js';
import { createMetrics } from '../metrics.js';
import { createClaimsReader } from '../read/claims-reader.js';
import type { ReportSigner } from '../report/certificate.js';
import { openReportSigner } from '../report/keys.js';
import { readOwnSigner } from '../report/own-certificate.js';
import { createTypesetter } from '../report/typesetter.js';
import { watchUptime } from '../uptime.js';
import { KnownSignatures } from '../verify/known-signatures.js';
import { startAnchoring } from './anchoring.js';
import { lockDataFolder } from './data-lock.js';
import { assertBelongs, rememberOwner } from './belonging.js';
import { openDocuments } from './document-store.js';
import { type Folders, foldersOf, hasBlocks, makeFolders, refuseHalfAFolder } from './folders.js';
import { openDatabase } from './open-database.js';
import { openFabric } from './fabric.js';
import { MSP_ID, openLedger } from './ledger.js';
import { embeddedServiceLedger } from './service-ledger.js';
import { assemble } from './assembly.js';

export interface Deployment {
  readonly app: FastifyInstance;
  readonly registrar: Registrar;
  readonly db: Database;
  readonly folders: Folders;
  /** The registry, as read from the ledger. */
  readonly issuer: (iss: string) => Issuer | undefined;
  readonly issuers: () => ReadonlyMap<string, Issuer>;
  /** Answers what was accepted, anchors what is under way, closes everything. */
  readonly close: () => Promise<void>;
}

/** How long requests under way may take once the service is told to end. */
const GRACE_MS = 20_000;
const TIDY_EVERY_MS = 3_600_000;
const TEND_EVERY_MS = 60_000;
/** A crash costs verifying again what was verified since. */
const SAVE_EVERY_MS = 300_000;

/** The whole service in one process and one data folder, but for a ledger on a network. What was opened is closed again when a later step fails. */
export async function startService(config: Config, log: Logger): Promise<Deployment> {
  const opened: (() => unknown)[] = [];
  const closeAll = async (): Promise<void> => {
    const close = opened.pop();
    if (!close) return;
    try {
      await close();
    } finally {
      await closeAll();
    }
  };
  try {
    const deployment = await open(config, log, (close) => opened.push(close));
    let closing: Promise<void> | undefined;
    return { ...deployment, close: () => (closing ??= closeAll()) };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** `toClose` is called in reverse order: requests end first, then what feeds on the queue; the ledger and lock last. */
async function open(
  config: Config,
  log: Logger,
  toClose: (close: () => unknown) => void,
): Promise<Omit<Deployment, 'close'>> {
  // What may be wrong in the settings shows before anything is founded.
  const tls = config.tls && (await readTls(config.tls));
  const ownSigner = config.reportSigner && (await readReportSigner(config.reportSigner));
  const onNetwork = config.fabric && (await openFabric(config.fabric));
  const folders = foldersOf(config.dataDir);
  await makeFolders(folders);
  const lock = lockDataFolder(config.dataDir);
  toClose(() => lock.release());
  refuseHalfAFolder(folders);
  const { database, vault } = await openDatabase(folders, config, onNetwork !== null || hasBlocks(folders));
  const { db } = database;
  toClose(() => database.close());
  const serviceLedger = onNetwork ?? embeddedServiceLedger(await openLedger(folders, vault, log));
  const { ledger } = serviceLedger;
  toClose(() => ledger.close());
  // A network's channel is started by its regulators.
  if (!onNetwork && (await ledger.height()) === 0) await ledger.submit('Init', [JSON.stringify([MSP_ID])]);
  const owner = await assertBelongs(db, ledger, vault.keyId);
  if (config.databaseUrl !== null) await rememberOwner(folders, owner);
  const inTurn = database.copies?.inTurn ?? ((_name, work) => work());
  const reportSigner =
    ownSigner ??
    (await inTurn('report key', () =>
      openReportSigner({ db, vault, now: Date.now, random: randomBytes }, new URL(config.portalUrl).host),
    ));

  const metrics = createMetrics();
  const disk = new DiskWatch(folders.diskTrial);
  const { maxQueue } = config;
  const anchoring = await startAnchoring({
    ledger: serviceLedger,
    database,
    folders,
    maxQueue,
    disk,
    metrics,
    log,
  });
  toClose(() => anchoring.stop());
  const documents = await openDocuments(folders, config.kubo, { metrics, log });
  const { store } = documents;
  await finishErasures({ db, store }).catch((error: unknown) => laterIfUnavailable(error, log));
  await forgetOldOutcomes(db, Date.now());
  await database.overwriteDeleted();
  const tidying = setInterval(() => void tidy(database, store, log), TIDY_EVERY_MS).unref();
  toClose(() => clearInterval(tidying));
  // Whatever a crash kept from being copied is asked for now.
  void documents.tend();
  const tending = setInterval(() => void documents.tend(), TEND_EVERY_MS).unref();
  toClose(() => clearInterval(tending));
  const prepare = createPreparePool(config.stampThreads);
  toClose(() => prepare.close());
  const reader = createClaimsReader({ threads: config.readThreads });
  toClose(() => reader.close());
  const typesetter = createTypesetter();
  toClose(() => typesetter.close());
  const knownSignatures = await KnownSignatures.open(folders.knownSignatures);
  toClose(() => save(knownSignatures, log));
  const saving = setInterval(() => void save(knownSignatures, log), SAVE_EVERY_MS).unref();
  toClose(() => clearInterval(saving));
  const statements = createStatementJudge(knownSignatures);
  toClose(() => statements.close());

  const { registrar, options, lookUp } = assemble({
    config,
    database,
    vault,
    ledger: serviceLedger,
    anchoring,
    documents,
    prepare,
    reader,
    statements,
    typesetter,
    reportSigner,
    https: tls?.cert ?? null,
    knownSignatures,
    disk,
    metrics,
    log,
  });
  const app = await buildApp({ ...options, tls });
  const uptime = watchUptime({
    lookUp,
    problems: options.health.problems,
    onUp: (service, seconds) => metrics.upSeconds.inc({ service }, seconds),
    now: () => performance.now(),
  });
  toClose(() => uptime.stop());
  toClose(() => closeWithin(app, GRACE_MS));
  const { store: derived } = anchoring;
  return {
    app,
    registrar,
    db,
    folders,
    issuer: (iss) => derived.issuer(iss),
    issuers: () => derived.issuers(),
  };
}

/** Throws `CONFIG_INVALID` unless the files hold a certificate and the key that belongs to it. */
async function readTls(files: CertificateFiles) {
  try {
    const tls = { cert: await readFile(files.cert), key: await readFile(files.key) };
    createSecureContext(tls);
    return tls;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `SPONDON_TLS_CERT and SPONDON_TLS_KEY must name a certificate and its key in PEM: ${why}`;
    throw new ServiceError('CONFIG_INVALID', message, { cause });
  }
}

/** Throws `CONFIG_INVALID` unless the files hold what reports can be signed with. */
async function readReportSigner({ cert, key }: CertificateFiles): Promise<ReportSigner> {
  const [chain, privateKey] = await Promise.all(
    [cert, key].map((path) =>
      readFile(path, 'utf8').catch((cause: unknown) => {
        throw new ServiceError('CONFIG_INVALID', `${path} cannot be read`, { cause });
      }),
    ),
  );
  return readOwnSigner(chain ?? '', privateKey ?? '', Date.now());
}

/** Nobody keeps the service from ending by sending a request slowly. */
async function closeWithin(app: FastifyInstance, milliseconds: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), milliseconds);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}

/** The store may be on other machines, which start when they start: the next `tidy` finishes it. */
function laterIfUnavailable(error: unknown, log: Logger): void {
  if (!isStorageUnavailable(error)) throw error;
  log.warn({ fault: faultOf(error) }, 'files of erased documents could not be removed yet');
}

/** Forgets what is old, and overwrites what a backup kept from being overwritten when it was erased. */
async function tidy(
  { db, overwriteDeleted }: ServiceDatabase,
  store: DocumentStore,
  log: Logger,
): Promise<void> {
  try {
    await forgetOldOutcomes(db, Date.now());
    await overwriteDeleted();
    await finishErasures({ db, store });
  } catch (error) {
    log.warn({ fault: faultOf(error) }, 'what is old, or was erased, could not be removed yet');
  }
}

async function save(knownSignatures: KnownSignatures, log: Logger): Promise<void> {
  try {
    await knownSignatures.save();
  } catch (error) {
    log.warn({ fault: faultOf(error) }, 'the cache of known signatures could not be written');
  }
}
