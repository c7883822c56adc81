import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { LogStore } from '@spondon/anchor-worker/log/store';
import { rebuildLog } from '@spondon/anchor-worker/log/rebuild';
import { verifyLedger } from '@spondon/ledger/embedded/verify';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { publicKeyFromJwk } from '@spondon/protocol/crypto';
import { keyOf } from '@spondon/protocol/records';
import { parseStatement, verifyStatement } from '@spondon/protocol/statement';
import { openSqlite } from '../database/sqlite.js';
import { type Database, queueOf } from '../database/schema.js';
import { damagedRows } from '../database/row-check.js';
import { openDocumentFile } from '../documents/file.js';
import { WrappingKeys } from '../facilities/wrapping-keys.js';
import { openEmbeddedStore } from '../ipfs/embedded.js';
import type { DocumentStore } from '../ipfs/store.js';
import { queuedByCode } from '@spondon/anchor-worker/queue';
import type { Vault } from '../vault/seal.js';
import { loadSigningKey } from '../vault/signing-key.js';
import { CHAINCODE, CHANNEL, type Folders, openLedger, openVault } from './embedded.js';
import { withData, withScratch } from './maintenance.js';

/** One area that was checked: what was looked at, or the first damage found in it. */
export interface Finding {
  readonly area: 'ledger' | 'log' | 'database' | 'files' | 'documents' | 'keys';
  readonly checked: string;
  readonly damage: string | null;
}

const quiet = pino({ level: 'silent' });

/**
 * Checks all that a data folder holds, against itself and against the ledger, and changes nothing: every block, leaf,
 * root, tile, index, row, file and key. Each area tells its first damage.
 */
export function checkData(
  dataDir: string,
  masterKey: string | undefined,
  onFinding: (finding: Finding) => void,
): Promise<boolean> {
  return withData(dataDir, async (folders) => {
    let sound = true;
    const check = async (area: Finding['area'], work: () => Promise<string>): Promise<boolean> => {
      const finding = await work().then(
        (checked): Finding => ({ area, checked, damage: null }),
        (error: unknown): Finding => ({ area, checked: '', damage: error instanceof Error ? error.message : String(error) }),
      );
      onFinding(finding);
      sound &&= finding.damage === null;
      return finding.damage === null;
    };
    const vault = await openVault(folders, masterKey);
    const db = await openSqlite(folders.database);
    const store = await openEmbeddedStore(folders.ipfs);
    try {
      const ledgerIsSound = await check('ledger', () => checkLedger(folders));
      await check('database', () => checkDatabase(db));
      await check('keys', () => checkKeys(db, vault));
      await check('files', () => checkFiles(store));
      if (ledgerIsSound) {
        await check('log', () => checkLog(dataDir, folders, vault));
        await check('documents', () => checkDocuments(dataDir, folders, db, store, vault));
      }
    } finally {
      await db.destroy();
    }
    return sound;
  });
}

async function checkLedger(folders: Folders): Promise<string> {
  const { blocks, transactions } = await verifyLedger({ folder: folders.ledger, channel: CHANNEL, chaincode: CHAINCODE.name });
  return `${blocks} blocks, ${transactions} transactions, hash chain, signatures and state`;
}

/** The derived files are a function of the blocks: made again up to the same block, they must be the same bytes. */
async function checkLog(dataDir: string, folders: Folders, vault: Vault): Promise<string> {
  const end = await nextBlockOf(folders.log);
  if (end === 0) return 'nothing derived yet; the next start makes it';
  const ledger = await openLedger(folders, vault, quiet);
  try {
    return await withScratch(dataDir, async (scratch) => {
      await rebuildLog(ledger, scratch, sha256, end);
      const files = await filesBelow(scratch);
      for (const file of files) await compareFiles(join(scratch, file), join(folders.log, file), file);
      return `${files.length} files of tiles, index and registry up to block ${end - 1}, rebuilt and compared`;
    });
  } finally {
    await ledger.close();
  }
}

async function nextBlockOf(folder: string): Promise<number> {
  const path = join(folder, 'checkpoint.json');
  if (!existsSync(path)) return 0;
  try {
    const { block } = JSON.parse(await readFile(path, 'utf8')) as { block: number };
    return block;
  } catch (error) {
    throw new Error('log/checkpoint.json cannot be read; run reindex', { cause: error });
  }
}

async function compareFiles(expected: string, actual: string, name: string): Promise<void> {
  if (!existsSync(actual)) throw new Error(`log/${name} is missing; run reindex`);
  const [wanted, found] = await Promise.all([readFile(expected), readFile(actual)]);
  // The journal may already hold what came after the last checkpoint.
  const comparable = name.endsWith('.jsonl') ? found.subarray(0, wanted.length) : found;
  if (wanted.equals(comparable)) return;
  const at = wanted.findIndex((byte, offset) => comparable[offset] !== byte);
  throw new Error(`log/${name} differs from the ledger at byte ${at < 0 ? wanted.length : at}; run reindex`);
}

async function checkDatabase(db: Database): Promise<string> {
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db);
  const [first] = rows;
  if (first?.integrity_check !== 'ok') throw new Error(`service.db: ${first?.integrity_check ?? 'no answer'}`);
  const { count, first: damaged } = await damagedRows(db);
  if (damaged) throw new Error(`service.db: ${damaged} is not as it was written`);
  return `${count} rows`;
}

async function checkKeys(db: Database, vault: Vault): Promise<string> {
  const keys = await db.selectFrom('issuerKeys').selectAll().execute();
  for (const { iss, kid, sealed } of keys) {
    const key = loadSigningKey(sealed, vault, iss);
    if (key.kid !== kid) throw new Error(`The signing key ${kid} of ${iss} is another one`);
  }
  return `${keys.length} signing keys open under the master key`;
}

async function checkFiles(store: DocumentStore): Promise<string> {
  for await (const { message } of store.verify()) throw new Error(message);
  let count = 0;
  for await (const cid of store.list()) count += cid === '' ? 0 : 1;
  return `${count} encrypted files against their CIDs`;
}

const DOCUMENTS_AT_ONCE = 500;

/** Every document opens with its key, has the hash that was signed, and is anchored or queued, once. */
async function checkDocuments(
  dataDir: string,
  folders: Folders,
  db: Database,
  store: DocumentStore,
  vault: Vault,
): Promise<string> {
  const ledger = await openLedger(folders, vault, quiet);
  const keys = new WrappingKeys({ db, vault, random: () => new Uint8Array() });
  const file = { db, store, unwrapKey: keys.unwrap.bind(keys), hash: sha256 };
  try {
    return await withScratch(dataDir, async (scratch) => {
      await rebuildLog(ledger, scratch, sha256, await ledger.height());
      const log = await LogStore.open(scratch, sha256);
      let count = 0;
      for (;;) {
        const rows = await db
          .selectFrom('documents')
          .select(['iss', 'jti', 'sha256'])
          .orderBy('iss')
          .orderBy('jti')
          .limit(DOCUMENTS_AT_ONCE)
          .offset(count)
          .execute();
        for (const { iss, jti, sha256: hash } of rows) {
          await openDocumentFile(file, iss, jti);
          await checkStatement(log, db, { iss, jti, hash });
        }
        count += rows.length;
        if (rows.length < DOCUMENTS_AT_ONCE) break;
      }
      await log.close();
      return `${count} documents opened, compared with their statements, and found once on the ledger or in the queue`;
    });
  } finally {
    await ledger.close();
  }
}

async function checkStatement(
  log: LogStore,
  db: Database,
  { iss, jti, hash }: { iss: string; jti: string; hash: string },
): Promise<void> {
  const anchored = log.findByCode(jti).map(({ signed }) => signed);
  const queued = (await queuedByCode(queueOf(db), jti)).map(({ statement }) => parseStatement(statement));
  const texts = new Set(queued.map(({ text }) => text));
  const issues = [...anchored, ...queued.filter(({ text }) => !anchored.some((signed) => signed.text === text))].filter(
    ({ statement }) => statement.iss === iss && statement.op === 'issue',
  );
  const [issue, second] = issues;
  if (!issue) throw new Error(`Document ${jti} of ${iss} is neither on the ledger nor in the queue`);
  if (second) throw new Error(`Document ${jti} of ${iss} is anchored or queued twice`);
  if (issue.statement.op !== 'issue' || issue.statement.sha256 !== hash) {
    throw new Error(`Document ${jti} of ${iss} has another hash than its statement`);
  }
  const issuer = log.issuer(iss);
  const key = issuer && keyOf(issuer, issue.kid);
  if (!key || !(await verifyStatement(issue, publicKeyFromJwk(key.jwk), verify))) {
    const where = texts.has(issue.text) ? 'queued' : 'anchored';
    throw new Error(`The ${where} statement of document ${jti} of ${iss} is not signed by it`);
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
