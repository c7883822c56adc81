import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { anchoredTo } from '@spondon/anchor-worker/queue';
import { LogStore } from '@spondon/anchor-worker/log/store';
import { rebuildLog } from '@spondon/anchor-worker/log/rebuild';
import { verifyLedger } from '@spondon/ledger/embedded/verify';
import type { Ledger } from '@spondon/ledger/port';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { openTrustBundle } from '@spondon/protocol/trust';
import type { Elsewhere } from '../config.js';
import type { DatabaseView } from '../database/service-database.js';
import { queueOf } from '../database/schema.js';
import { openSqliteToRead } from '../database/sqlite.js';
import { isStorageUnavailable } from '../error.js';
import type { DocumentStore } from '../ipfs/store.js';
import type { Vault } from '../vault/seal.js';
import { findDocuments } from './document-store.js';
import { checkDatabase, checkKeys } from './fsck-database.js';
import { checkDocuments, checkEntries, checkQueue } from './fsck-documents.js';
import { filesWithoutRow, issuedWithoutRow, type Note, withFewCopies } from './fsck-unmatched.js';
import { openBlocksToRead, withView } from './fsck-view.js';
import { openFabric } from './fabric.js';
import { type Folders, refuseWithoutLedger } from './folders.js';
import { withServerToRead } from './open-database.js';
import { openVault } from './open-vault.js';
import { CHAINCODE, CHANNEL, openLedger } from './ledger.js';
import { filesBelow, firstDifference } from './pieces.js';

/** One area that was checked: what was looked at, or the first damage found in it. */
export interface Finding {
  readonly area: 'ledger' | 'database' | 'keys' | 'files' | 'log' | 'entries' | 'queue' | 'documents';
  readonly checked: string;
  readonly damage: string | null;
  /** What may be as it should, and somebody should know. */
  readonly notes: readonly Note[];
}

/** Runs the work of one area and tells its outcome. Null when it found damage. */
type Check = <T>(
  area: Finding['area'],
  work: () => Promise<{ checked: string; result: T; notes?: readonly Note[] }>,
) => Promise<T | null>;

/**
 * Checks all that a data folder holds, against itself and against the ledger: every block, leaf, root, tile, index,
 * row, file and key. Each area tells its first damage. Changes nothing, and so works on a read-only copy too. A ledger on
 * a network is read from there, with the signatures on its blocks. A database on PostgreSQL is looked at as it is at one
 * moment: copies with other folders may go on. Throws `UNAVAILABLE` when no peer answers, `STORAGE_UNAVAILABLE` when
 * Kubo or PostgreSQL does not.
 */
export function checkData(
  dataDir: string,
  masterKey: string | undefined,
  onFinding: (finding: Finding) => unknown,
  { kubo = null, fabric = null, databaseUrl = null }: Partial<Elsewhere> = {},
): Promise<boolean> {
  return withView(dataDir, async (folders, scratch) => {
    let sound = true;
    const check: Check = async (area, work) => {
      const outcome = await work().catch((error: unknown) => {
        if (isStorageUnavailable(error)) throw error;
        return error instanceof Error ? error.message : String(error);
      });
      if (typeof outcome === 'string') {
        sound = false;
        await onFinding({ area, checked: '', damage: outcome, notes: [] });
        return null;
      }
      const { checked, result, notes = [] } = outcome;
      await onFinding({ area, checked, damage: null, notes });
      return result;
    };
    const network = fabric && (await openFabric(fabric)).ledger;
    try {
      await network?.height();
      await withServerToRead(folders, databaseUrl, (server) =>
        checkAll(folders, { masterKey, kubo, network, server, scratch: join(scratch, 'log') }, check),
      );
    } finally {
      await network?.close();
    }
    return sound;
  });
}

/** What of it is elsewhere, and open. */
interface Opened {
  readonly kubo: Elsewhere['kubo'];
  readonly network: Ledger | null;
  readonly server: DatabaseView | null;
  readonly masterKey: string | undefined;
  /** Where the derived files are made anew. */
  readonly scratch: string;
}

async function checkAll(
  folders: Folders,
  { masterKey, kubo, network, server, scratch }: Opened,
  check: Check,
): Promise<void> {
  const ledgerIsSound = await check('ledger', () => (network ? checkNetwork(network) : checkLedger(folders)));
  const database = await check('database', () => (server ? checkDatabase(server) : openDatabase(folders)));
  try {
    const vault = await check('keys', async () => {
      const opened = await openVault(folders, masterKey, server?.db);
      const checked = database ? await checkKeys(folders, database.db, opened) : 'the master key';
      return { checked, result: opened };
    });
    const store = await check('files', () => checkFiles(folders, kubo));
    if (ledgerIsSound && database && vault && store)
      await checkAgainstLedger(folders, { database, server, vault, store, network, scratch }, check);
  } finally {
    if (!server) await database?.db.destroy();
  }
}

async function openDatabase(folders: Folders): ReturnType<typeof checkDatabase> {
  const view = await openSqliteToRead(folders.database);
  try {
    return await checkDatabase(view);
  } catch (error) {
    await view.db.destroy();
    throw error;
  }
}

/** Every block is checked as it is read. */
async function checkNetwork(ledger: Ledger): Promise<{ checked: string; result: true }> {
  const height = await ledger.height();
  let transactions = 0;
  for await (const block of ledger.blocks(0, new AbortController().signal)) {
    transactions += block.transactions.length;
    if (block.number === height - 1) break;
  }
  const checked = `${height} blocks and ${transactions} transactions of the network, hash chain and orderers' signatures`;
  return { checked, result: true };
}

async function checkLedger(folders: Folders): Promise<{ checked: string; result: true }> {
  refuseWithoutLedger(folders);
  const { blocks, transactions } = await verifyLedger({
    folder: folders.ledger,
    channel: CHANNEL,
    chaincode: CHAINCODE.name,
  });
  await checkTrustBundle(folders);
  return {
    checked: `${blocks} blocks, ${transactions} transactions, hash chain, signatures, state and trust bundle`,
    result: true,
  };
}

/** The trust bundle that the service hands out; it is made when it is first asked for. */
async function checkTrustBundle(folders: Folders): Promise<void> {
  const path = join(folders.ledger, 'trust.json');
  if (!existsSync(path)) return;
  try {
    await openTrustBundle(await readFile(path, 'utf8'), { now: 0, hash: sha256, verify });
  } catch (cause) {
    throw new Error('ledger/trust.json is damaged: restore it from a backup', { cause });
  }
}

async function checkFiles(
  folders: Folders,
  kubo: Elsewhere['kubo'],
): Promise<{ checked: string; result: DocumentStore; notes: readonly Note[] }> {
  const store = await findDocuments(folders, kubo, 'look');
  for await (const { block, document, message } of store.verify()) {
    // Erased by a copy that goes on.
    if (document !== undefined && !(await store.has(document))) continue;
    throw new Error(`${block}: ${message}`);
  }
  let count = 0;
  for await (const cid of store.list()) count += cid === '' ? 0 : 1;
  const checked = `${count} encrypted files against their CIDs`;
  return { checked, result: store, notes: await withFewCopies(store) };
}

/** Everything that is compared with the log as the blocks give it, made anew in `scratch`. */
async function checkAgainstLedger(
  folders: Folders,
  parts: Pick<Opened, 'network' | 'server' | 'scratch'> & {
    readonly database: DatabaseView;
    readonly vault: Vault;
    readonly store: DocumentStore;
  },
  check: Check,
): Promise<void> {
  const { network, server, scratch } = parts;
  const { db, now } = parts.database;
  const ledger =
    network ?? (await openLedger(folders, parts.vault, pino({ level: 'silent' }), openBlocksToRead));
  try {
    const isBehind = network !== null && server !== null;
    const height = isBehind ? await heightBy(network, await anchoredTo(queueOf(db))) : await ledger.height();
    await check('log', async () => {
      const end = await nextBlockOf(folders.log, height);
      if (end > 0) await rebuildLog(ledger, scratch, sha256, end);
      return { checked: await compareLog(folders.log, scratch, end), result: true };
    });
    await rebuildLog(ledger, scratch, sha256, height);
    const log = await LogStore.open(scratch, sha256);
    try {
      await check('entries', () => checkEntries(log));
      await check('queue', () => checkQueue(log, db));
      await check('documents', async () => ({
        ...(await checkDocuments(log, parts)),
        notes: [...(await issuedWithoutRow(log, now)), ...(await filesWithoutRow(parts.store, now))],
      }));
    } finally {
      await log.close();
    }
  } finally {
    if (!network) await ledger.close();
  }
}

/**
 * The height of the network at which what had left the queue is on it. The peer that is asked may be some blocks behind
 * the one by which a copy of the service went.
 */
async function heightBy(network: Ledger, anchored: number): Promise<number> {
  const height = await network.height();
  if (height > anchored) return height;
  for await (const { number } of network.blocks(height, new AbortController().signal))
    if (number >= anchored) break;
  return anchored + 1;
}

/** How far the derived files go: they are a function of the blocks before this one. */
async function nextBlockOf(folder: string, height: number): Promise<number> {
  const path = join(folder, 'checkpoint.json');
  if (!existsSync(path)) return 0;
  const block = blockIn(await readFile(path, 'utf8'));
  if (block === null || block > height) throw new Error('log/checkpoint.json is damaged; run reindex');
  return block;
}

function blockIn(text: string): number | null {
  try {
    const { block } = JSON.parse(text) as { block?: unknown };
    return Number.isSafeInteger(block) && (block as number) >= 0 ? (block as number) : null;
  } catch {
    return null;
  }
}

/** Made again up to the same block, the derived files must be the same bytes. */
async function compareLog(folder: string, rebuilt: string, end: number): Promise<string> {
  if (end === 0) return 'nothing derived yet; the next start makes it';
  let count = 0;
  for await (const file of filesBelow(rebuilt)) {
    await compareFiles(join(rebuilt, file), join(folder, file), file);
    count += 1;
  }
  return `${count} files of tiles, index and registry up to block ${end - 1}, rebuilt and compared`;
}

async function compareFiles(expected: string, actual: string, name: string): Promise<void> {
  if (!existsSync(actual)) throw new Error(`log/${name} is missing; run reindex`);
  const { size } = await stat(expected);
  // The journal may already hold what came after the last checkpoint.
  const mayGoOn = name.endsWith('.jsonl') || (await stat(actual)).size <= size;
  const at = (await firstDifference(expected, actual)) ?? (mayGoOn ? null : size);
  if (at !== null) throw new Error(`log/${name} differs from the ledger at byte ${at}; run reindex`);
}
