import assert from 'node:assert/strict';
import { appendFile, cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { before, test } from 'node:test';
import Libsql from 'libsql';
import { hexOf, scratchFolders, startTestService } from './deployment.test-support.js';
import type { Finding } from './fsck.js';
import { fsck } from './fsck.test-support.js';
import { copyData } from './backup.js';

/** fsck on folders as they are found: stopped, crashed, copied; whatever it finds, it changes nothing. */

let dataDir: string;
let backup: string;
const newFolder = scratchFolders();

before(async () => {
  dataDir = join(await newFolder(), 'data');
  backup = join(await newFolder(), 'backup');
  const running = await newFolder();
  const service = await startTestService(running);
  await service.issue();
  await service.issue();
  await service.anchored();
  await copyData(running, backup);
  // A copy, because SQLite tidies up in the original when the service's connection is collected.
  await cp(running, dataDir, { recursive: true });
  await service.close();
  await cp(join(backup, 'service.db'), join(dataDir, 'service.db'));
  await rm(join(dataDir, 'service.db-wal'), { force: true });
});

/** Path, kind, time of the last change and bytes of everything in a folder, the folder itself among it. */
async function stateOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = [folder, ...entries.map((entry) => join(entry.parentPath, entry.name))].sort();
  return Object.fromEntries(
    await Promise.all(
      paths.map(async (path) => {
        const about = await stat(path);
        const content = about.isFile() ? hexOf(await readFile(path)) : 'folder';
        return [relative(folder, path), `${about.mtimeMs} ${about.mode} ${content}`] as const;
      }),
    ),
  );
}

/** What fsck says, having changed nothing. */
async function fsckUnchanged(folder: string, masterKey?: string): Promise<Finding[]> {
  const was = await stateOf(folder);
  const findings = await fsck(folder, masterKey);
  assert.deepEqual(await stateOf(folder), was);
  return findings;
}

const damagedAreas = (findings: readonly Finding[]): string[] =>
  findings.filter(({ damage }) => damage !== null).map(({ area }) => area);

void test('a stopped service and a backup are checked whole and stay as they are', async () => {
  const masterKey = (await readFile(join(dataDir, 'master.key'), 'utf8')).trim();
  for (const findings of [await fsckUnchanged(dataDir), await fsckUnchanged(backup, masterKey)]) {
    assert.deepEqual(damagedAreas(findings), []);
    assert.equal(findings.length, 8);
  }
});

void test('what a crash left is judged and left as it is: half a block, half a file, a state that lags', async () => {
  const copy = join(await newFolder(), 'data');
  await cp(dataDir, copy, { recursive: true });
  const blocks = join(copy, 'ledger', 'blocks');
  await appendFile(blocks, (await readFile(blocks)).subarray(0, 100));
  await writeFile(join(copy, 'ipfs', 'documents', 'temp', '7'), 'half of a file');
  for (const suffix of ['', '-wal', '-shm'])
    await rm(join(copy, 'ledger', `state.db${suffix}`), { force: true });
  assert.deepEqual(damagedAreas(await fsckUnchanged(copy)), []);
});

void test("what stands only in the database's write-ahead log is checked too, and stays there", async () => {
  const written = join(await newFolder(), 'data');
  await cp(dataDir, written, { recursive: true });
  const db = new Libsql(join(written, 'service.db'));
  db.exec('pragma journal_mode = wal');
  db.exec('update documents set size = size + 1');
  const copy = join(await newFolder(), 'data');
  await cp(written, copy, { recursive: true });
  db.close();
  assert.ok((await stat(join(copy, 'service.db-wal'))).size > 0);
  const [damage] = (await fsckUnchanged(copy)).flatMap((finding) => finding.damage ?? []);
  assert.match(damage ?? '', /table documents/);
});
