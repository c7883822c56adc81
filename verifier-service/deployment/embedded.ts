import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Records } from '@spondon/chaincode/records';
import { LogStore } from '@spondon/anchor-worker/log/store';
import { Anchorer } from '@spondon/anchor-worker/anchorer';
import { Follower } from '@spondon/anchor-worker/follower';
import { startTicker } from '@spondon/anchor-worker/ticker';
import type { Issuer } from '@spondon/protocol/records';
import { openEmbeddedLedger } from '@spondon/ledger/embedded/open';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { buildApp } from '../app.js';
import { type Config, isLoopback } from '../config.js';
import { openSqlite } from '../database/sqlite.js';
import { type Database, queueOf } from '../database/schema.js';
import { forgetOldOutcomes } from '../documents/idempotency.js';
import { createPreparePool } from '../documents/prepare.js';
import { Registrar } from '../facilities/registrar.js';
import { Signers } from '../facilities/signers.js';
import { WrappingKeys } from '../facilities/wrapping-keys.js';
import { openEmbeddedStore } from '../ipfs/embedded.js';
import { createMetrics } from '../metrics.js';
import { QueueGauge } from '../queue-gauge.js';
import { createClaimsReader } from '../read/claims-reader.js';
import { createUploadSlots } from '../upload-slots.js';
import { loadMasterKey } from '../vault/master-key.js';
import { createVault, type Vault } from '../vault/seal.js';
import { loadSigningKey, newSigningKey } from '../vault/signing-key.js';
import { Finder } from '../verify/find.js';
import { verifyOnThreads } from '../verify/threads.js';
import { createVisitorLimit } from '../visitor-limit.js';
import { lockDataFolder } from './data-lock.js';

/** The embedded organisation: owner of the ledger, its regulator, and the issuer of every log entry. */
export const MSP_ID = 'SpondonMSP';
export const CHANNEL = 'records';
export const CHAINCODE = { name: 'records', version: '1' };

const now = (): number => Date.now();
const random = (length: number): Uint8Array => randomBytes(length);

/** Where everything lies in the data folder. */
export function foldersOf(dataDir: string) {
  return {
    ledger: join(dataDir, 'ledger'),
    log: join(dataDir, 'log'),
    ipfs: join(dataDir, 'ipfs'),
    database: join(dataDir, 'service.db'),
    masterKey: join(dataDir, 'master.key'),
    credentials: join(dataDir, 'credentials'),
  };
}

export type Folders = ReturnType<typeof foldersOf>;

/** Opens the vault; its key is made at a first start, and only then. */
export async function openVault(folders: Folders, masterKey: string | undefined): Promise<Vault> {
  const mayCreate = !existsSync(folders.database);
  return createVault(await loadMasterKey({ text: masterKey, file: folders.masterKey, mayCreate, random }), random);
}

/** The ledger in the data folder, founded at a first start. */
export function openLedger(folders: Folders, vault: Vault, log: Logger) {
  return openEmbeddedLedger({
    folder: folders.ledger,
    channel: CHANNEL,
    chaincode: CHAINCODE,
    contract: new Records(),
    mspId: MSP_ID,
    owner: 'the owner of this deployment',
    keeper: {
      seal: (plaintext: Uint8Array) => vault.seal(plaintext, 'ledger-identity'),
      open: (sealed: Uint8Array) => vault.open(sealed, 'ledger-identity'),
    },
    now,
    random,
    notice: (notice) => log.warn(notice, 'opening the ledger'),
  });
}

export interface Deployment {
  readonly app: FastifyInstance;
  readonly registrar: Registrar;
  readonly db: Database;
  readonly folders: Folders;
  /** The registry, as read from the ledger. */
  readonly issuer: (iss: string) => Issuer | undefined;
  /** Answers what was accepted, anchors what is under way, closes everything. */
  readonly close: () => Promise<void>;
}

/** The whole service in one process and one data folder. */
export async function startEmbedded(config: Config, log: Logger): Promise<Deployment> {
  const folders = foldersOf(config.dataDir);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  for (const folder of [folders.ledger, folders.credentials]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = lockDataFolder(config.dataDir);
  const vault = await openVault(folders, config.masterKey);
  const db = await openSqlite(folders.database);
  const queueDb = queueOf(db);
  const ledger = await openLedger(folders, vault, log);
  if ((await ledger.height()) === 0) await ledger.submit('Init', [JSON.stringify([MSP_ID])]);

  const metrics = createMetrics();
  const gauge = new QueueGauge(queueDb, config.maxQueue);
  const logStore = await LogStore.open(folders.log, sha256);
  const follower = new Follower({
    ledger,
    store: logStore,
    onFailure: (error) => log.error({ err: error }, 'reading the ledger stopped: answers are unavailable until a restart'),
  });
  await follower.start();
  let anchorTrouble: string | null = null;
  const anchorer = new Anchorer({
    ledger,
    store: logStore,
    follower,
    db: queueDb,
    now,
    onAnchored: (count) => {
      metrics.anchored.inc(count);
      anchorTrouble = null;
    },
    onQueueShrunk: () => gauge.recount(),
    onSetAside: (code) => metrics.setAside.inc({ code }),
    onTrouble: (error) => {
      metrics.anchorTroubles.inc();
      anchorTrouble = error instanceof Error ? error.message : String(error);
      log.warn({ err: error }, 'anchoring failed, trying again');
    },
  });
  await gauge.recount();
  anchorer.start();
  const ticker = startTicker(ledger, (error) => log.warn({ err: error }, 'the clock could not be advanced'));

  const store = await openEmbeddedStore(folders.ipfs);
  const prepare = createPreparePool(config.stampThreads);
  const reader = createClaimsReader({ threads: config.readThreads });
  const issuer = (iss: string) => logStore.issuer(iss);
  const signers = new Signers({ db, openKey: (sealed, iss) => Promise.resolve(loadSigningKey(sealed, vault, iss)), issuer });
  const wrappingKeys = new WrappingKeys({ db, vault, random });
  const registrar = new Registrar({
    db,
    ledger,
    issuer,
    applied: (block) => follower.applied(block),
    signers,
    newSigningKey: async (iss) => {
      const { key, sealed } = await newSigningKey(vault, iss);
      return { kid: key.kid, jwk: key.jwk, sealed };
    },
    newFacilityKey: (iss) => Promise.resolve(wrappingKeys.create(iss)),
    now,
    random,
  });
  const isCurrent = (): boolean => follower.failure === undefined;
  const find = { log: logStore, db: queueDb, mayBeQueued: () => gauge.length > 0, isCurrent, hash: sha256, verify, now };
  const finder = new Finder({ ...find, singleOwner: true });
  const onQueued = (count: number): void => {
    gauge.add(count);
    anchorer.wake();
  };
  const revoke = { db, log: logStore, signerOf: (iss: string) => signers.of(iss), now, mspId: MSP_ID, onQueued };
  const admitUpload = createUploadSlots(config.maxUploads);
  const hosts = [new URL(config.portalUrl).host];

  const app = await buildApp({
    logger: log,
    tls: config.tls && { cert: await readFile(config.tls.cert), key: await readFile(config.tls.key) },
    trustProxy: config.trustProxy,
    metrics,
    documents: {
      db,
      issue: {
        db,
        signerOf: (iss) => signers.of(iss),
        prepare: (job) => prepare.run(job),
        store,
        wrapKey: (iss, documentId, secret) => wrappingKeys.wrap(iss, documentId, secret),
        hash: sha256,
        now,
        random,
        portalUrl: config.portalUrl,
        portalWarning: isLoopback(config.portalUrl) ? LOOPBACK_WARNING : null,
        mspId: MSP_ID,
        onQueued: (count) => {
          metrics.issued.inc();
          onQueued(count);
        },
      },
      revoke,
      read: { db, log: logStore },
      file: { db, store, unwrapKey: (iss, id, wrapped) => wrappingKeys.unwrap(iss, id, wrapped), hash: sha256 },
      admitUpload,
      assertQueueHasRoom: () => gauge.assertRoom(),
    },
    statements: {
      db,
      accept: { db, log: logStore, issuer, verify: verifyOnThreads, now, mspId: MSP_ID, onQueued },
      assertQueueHasRoom: () => gauge.assertRoom(),
    },
    verification: {
      finder,
      file: { finder, readClaims: (file) => reader.read(file), now },
      evidence: { ledger, log: logStore },
      limit: createVisitorLimit(config.rateLimit),
      admitUpload,
      now,
    },
    trust: { trustBundle: () => ledger.trustBundle({ hosts, now: now() }), issuers: () => logStore.issuers() },
    administration: { db, registrar, issuer, now, random },
    health: {
      metrics: metrics.registry,
      refresh: async () => {
        metrics.queue.set(gauge.length);
        metrics.lag.set(await follower.lag());
        for (const [organisation, { size }] of logStore.heads()) metrics.logSize.set({ organisation }, size);
      },
      problems: () =>
        Promise.resolve([
          ...(isCurrent() ? [] : ['Reading the ledger stopped; see the log, then restart']),
          ...(anchorTrouble === null ? [] : [`Anchoring fails: ${anchorTrouble}`]),
        ]),
    },
  });
  await forgetOldOutcomes(db, now());

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    // Requests first, so that whatever was accepted is queued; then what feeds on the queue; the ledger last.
    await app.close();
    await Promise.all([prepare.close(), reader.close()]);
    ticker.stop();
    await anchorer.stop();
    await follower.stop();
    await ledger.close();
    await db.destroy();
    lock.release();
  };
  return { app, registrar, db, folders, issuer, close: () => (closing ??= close()) };
}

const LOOPBACK_WARNING = {
  code: 'LOOPBACK_PORTAL',
  message:
    'The code on this document leads to this very machine and opens nowhere else: set SPONDON_PORTAL_URL to the ' +
    "portal's public address before issuing real documents",
};
