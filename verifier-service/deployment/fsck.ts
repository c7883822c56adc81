import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { LogStore } from '@spondon/anchor-worker/log/store';
import { rebuildLog } from '@spondon/anchor-worker/log/rebuild';
import { verifyLedger } from '@spondon/ledger/embedded/verify';
import type { Ledger } from '@spondon/ledger/port';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { openTrustBundle } from '@spondon/protocol/trust';
import type { FabricFiles, KuboSettings } from '../config.js';
import { openSqlite } from '../database/sqlite.js';
import type { Database } from '../database/schema.js';
import { ServiceError } from '../error.js';
import type { DocumentStore } from '../ipfs/store.js';
import type { Vault } from '../vault/seal.js';
import { findDocuments } from './document-store.js';
import { checkDatabase, checkKeys } from './fsck-database.js';
import { checkDocuments, checkEntries, checkQueue } from './fsck-documents.js';
import { filesWithoutRow, issuedWithoutRow, type Note, withFewCopies } from './fsck-unmatched.js';
import { openBlocksToRead, withView } from './fsck-view.js';
import { openFabric } from './fabric.js';
import { type Folders, refuseWithoutLedger } from './folders.js';
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

/** What of a deployment is not in its data folder; null where it is there. */
export interface Elsewhere {
  readonly kubo: KuboSettings | null;
  readonly fabric: FabricFiles | null;
}

/** Runs the work of one area and tells its outcome. Null when it found damage. */
type Check = <T>(
  area: Finding['area'],
  work: () => Promise<{ checked: string; result: T; notes?: readonly Note[] }>,
) => Promise<T | null>;

/**
 * Checks all that a data folder holds, against itself and against the ledger: every block, leaf, root, tile, index,
 * row, file and key. Each area tells its first damage. Changes nothing, and so works on a read-only copy too. A ledger on
 * a network is read from there, with the signatures on its blocks. Throws `UNAVAILABLE` when no peer answers,
 * `STORAGE_UNAVAILABLE` when Kubo does not.
 */
export function checkData(
  dataDir: string,
  masterKey: string | undefined,
  onFinding: (finding: Finding) => void,
  { kubo = null, fabric = null }: Partial<Elsewhere> = {},
): Promise<boolean> {
  return withView(dataDir, async (folders, scratch) => {
    let sound = true;
    const check: Check = async (area, work) => {
      try {
        const { checked, result, notes = [] } = await work();
        onFinding({ area, checked, damage: null, notes });
        return result;
      } catch (error) {
        if (error instanceof ServiceError && error.code === 'STORAGE_UNAVAILABLE') throw error;
        sound = false;
        const damage = error instanceof Error ? error.message : String(error);
        onFinding({ area, checked: '', damage, notes: [] });
        return null;
      }
    };
    const network = fabric && (await openFabric(fabric)).ledger;
    try {
      await network?.height();
      await checkAll(folders, { masterKey, kubo, network, scratch: join(scratch, 'log') }, check);
    } finally {
      await network?.close();
    }
    return sound;
  });
}

async function checkAll(
  folders: Folders,
  {
    masterKey,
    kubo,
    network,
    scratch,
  }: {
    readonly masterKey: string | undefined;
    readonly kubo: Elsewhere['kubo'];
    readonly network: Ledger | null;
    readonly scratch: string;
  },
  check: Check,
): Promise<void> {
  const ledgerIsSound = await check('ledger', () => (network ? checkNetwork(network) : checkLedger(folders)));
  const db = await check('database', () => openDatabase(folders));
  try {
    const vault = await check('keys', async () => {
      const opened = await openVault(folders, masterKey);
      return { checked: db ? await checkKeys(folders, db, opened) : 'the master key', result: opened };
    });
    const store = await check('files', () => checkFiles(folders, kubo));
    if (ledgerIsSound && db && vault && store)
      await checkAgainstLedger(folders, { db, vault, store, network, scratch }, check);
  } finally {
    await db?.destroy();
  }
}

async function openDatabase(folders: Folders): Promise<{ checked: string; result: Database }> {
  const db = await openSqlite(folders.database);
  try {
    return { checked: await checkDatabase(db), result: db };
  } catch (error) {
    await db.destroy();
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
  for await (const { block, message } of store.verify()) throw new Error(`${block}: ${message}`);
  let count = 0;
  for await (const cid of store.list()) count += cid === '' ? 0 : 1;
  const checked = `${count} encrypted files against their CIDs`;
  return { checked, result: store, notes: await withFewCopies(store) };
}

/** Everything that is compared with the log as the blocks give it, made anew in `scratch`. */
async function checkAgainstLedger(
  folders: Folders,
  parts: {
    readonly db: Database;
    readonly vault: Vault;
    readonly store: DocumentStore;
    readonly network: Ledger | null;
    readonly scratch: string;
  },
  check: Check,
): Promise<void> {
  const { network, scratch } = parts;
  const ledger =
    network ?? (await openLedger(folders, parts.vault, pino({ level: 'silent' }), openBlocksToRead));
  try {
    const height = await ledger.height();
    await check('log', async () => {
      const end = await nextBlockOf(folders.log, height);
      if (end > 0) await rebuildLog(ledger, scratch, sha256, end);
      return { checked: await compareLog(folders.log, scratch, end), result: true };
    });
    await rebuildLog(ledger, scratch, sha256, height);
    const log = await LogStore.open(scratch, sha256);
    try {
      await check('entries', () => checkEntries(log));
      await check('queue', () => checkQueue(log, parts.db));
      await check('documents', async () => ({
        ...(await checkDocuments(log, parts)),
        notes: [
          ...(await issuedWithoutRow(log, parts.db)),
          ...(await filesWithoutRow(parts.store, parts.db)),
        ],
      }));
    } finally {
      await log.close();
    }
  } finally {
    if (!network) await ledger.close();
  }
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
