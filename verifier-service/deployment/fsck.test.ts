import assert from 'node:assert/strict';
import { isMissing } from '@spondon/ledger/durable-file';
import { existsSync } from 'node:fs';
import { cp, readFile, stat, writeFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { before, test } from 'node:test';
import fc from 'fast-check';
import Libsql from 'libsql';
import { pino } from 'pino';
import { ServiceError } from '../error.js';
import {
  admitHomeHospital,
  bytesIn,
  configFor,
  DOCUMENT_TEXT,
  filesIn,
  hexOf,
  issueStatement,
  newHomeKey,
  PATIENT,
  removeFolder,
  scratchFolders,
  signed,
  startTestService,
  type TestService,
} from './deployment.test-support.js';
import { copyData, restoreData } from './backup.js';
import { startService } from './start.js';
import { damageIn, fsck } from './fsck.test-support.js';
import { rebuildDerived } from './maintenance.js';

/** A folder as a stopped service left it: documents, statements signed at home, a revocation, a rotation. */
let dataDir: string;
let backup: string;
let hospitalKey: string;
let document: { readonly code: string; readonly hash: string };
const newFolder = scratchFolders();

before(async () => {
  dataDir = await newFolder();
  backup = join(await newFolder(), 'backup');
  const service = await startTestService(dataDir);
  const key = newHomeKey();
  const apiKey = await admitHomeHospital(service, key);
  const send = async (count: number): Promise<void> => {
    const statements = await Promise.all(Array.from({ length: count }, () => signed(issueStatement(), key)));
    const { body } = await service.ask('POST', '/v1/statements', { key: apiKey, json: { statements } });
    assert.equal(body.accepted, count);
  };
  const { body } = await service.issue(
    { patientId: 'token-0003', statistics: { icd10: 'D50' } },
    { 'idempotency-key': 'one' },
  );
  document = { code: body.documentId ?? '', hash: body.sha256 ?? '' };
  const revoked = (await service.issue()).body.documentId ?? '';
  await service.ask('POST', `/v1/documents/${revoked}/revocation`, {
    key: service.hospitalKey,
    json: { reason: 'error' },
  });
  // While statements come in and are anchored.
  const sending = Promise.all(Array.from({ length: 6 }, () => send(200)));
  await copyData(dataDir, backup);
  await sending;
  ({ hospitalKey } = service);
  await service.anchored();
  await service.close();
  await assertNothingReadable(service);
});

/** Nothing that was issued, and no key, stands anywhere in the folder or the log. */
async function assertNothingReadable({
  dataDir: folder,
  logLines,
  hospitalKey: apiKey,
  operatorKey,
}: TestService): Promise<void> {
  const secrets = [
    PATIENT,
    DOCUMENT_TEXT,
    apiKey,
    operatorKey,
    'AGE-SECRET-KEY',
    'PRIVATE KEY',
    'Complete blood count',
  ];
  const encodings = secrets.flatMap((secret) => {
    const bytes = Buffer.from(secret);
    return [
      bytes,
      Buffer.from(bytes.toString('base64url')),
      Buffer.from(bytes.toString('hex')),
      Buffer.from(secret, 'utf16le'),
    ];
  });
  for (const file of await filesIn(folder)) {
    const bytes = await bytesIn(file);
    for (const secret of encodings)
      assert.equal(bytes.indexOf(secret), -1, `${relative(folder, file)} holds ${secret.toString()}`);
  }
  const log = Buffer.from(logLines.join(''));
  for (const secret of encodings) assert.equal(log.indexOf(secret), -1);
}

async function copyOf(folder: string): Promise<string> {
  const copy = join(await newFolder(), 'data');
  try {
    await cp(folder, copy, { recursive: true });
  } catch (error) {
    // libsql closes when it is collected, and SQLite then deletes its -shm and -wal: once, so a second copy is whole.
    if (!isMissing(error)) throw error;
    await rm(copy, { recursive: true, force: true });
    await cp(folder, copy, { recursive: true });
  }
  return copy;
}

void test('what a service left is sound, and fsck changes none of it', async () => {
  const before = await hashesOf(dataDir);
  const findings = await fsck(dataDir);
  assert.deepEqual(
    findings.map(({ area, damage }) => [area, damage]),
    [
      ['ledger', null],
      ['database', null],
      ['keys', null],
      ['files', null],
      ['log', null],
      ['entries', null],
      ['queue', null],
      ['documents', null],
    ],
  );
  assert.deepEqual(await hashesOf(dataDir), before);
});

async function hashesOf(folder: string): Promise<Record<string, string>> {
  // A database moves its write-ahead log into its file whenever it is opened.
  const kept = (await filesIn(folder)).filter((file) => !/-(wal|shm)$|\.db$/.test(file));
  return Object.fromEntries(
    await Promise.all(
      kept.map(async (file) => [relative(folder, file), hexOf(await readFile(file))] as const),
    ),
  );
}

void test('a flipped bit anywhere in blocks, tiles, index, registry and stored files is found', async () => {
  const copy = await copyOf(dataDir);
  const wanted = (file: string): boolean => /\/(ledger\/blocks|log\/.*|ipfs\/.*)$/.test(file);
  const files = (await filesIn(copy)).filter((file) => wanted(file));
  const bytes = new Map(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)));
  const nonEmpty = files.filter((file) => (bytes.get(file)?.length ?? 0) > 0);
  // A file of each kind first, then any.
  const kinds = [
    'ledger/blocks',
    'registry.jsonl',
    'checkpoint.json',
    '/tile/entries/',
    '/tile/0/',
    '/index/',
    '/ipfs/',
  ];
  const chosen = kinds.map((kind) => nonEmpty.find((file) => file.includes(kind)) ?? assert.fail(kind));
  const flip = async (file: string, place: number, bit: number): Promise<void> => {
    const sound = bytes.get(file) ?? Buffer.alloc(0);
    const damaged = Buffer.from(sound);
    const at = Math.floor(place * damaged.length);
    damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << bit), at);
    await writeFile(file, damaged);
    const damage = await damageIn(copy);
    await writeFile(file, sound);
    assert.notDeepEqual(damage, [], `${relative(copy, file)}, byte ${at}, bit ${bit}`);
  };
  for (const file of chosen) await flip(file, 0.5, 3);
  const anywhere = fc.tuple(
    fc.constantFrom(...nonEmpty),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.integer({ min: 0, max: 7 }),
  );
  await fc.assert(
    fc.asyncProperty(anywhere, ([file, place, bit]) => flip(file, place, bit)),
    { numRuns: 12 },
  );
  assert.deepEqual(await damageIn(copy), []);
});

void test('a changed value in a row of the database is found and its table named', async () => {
  const changes: [string, string][] = [
    ['documents', `update documents set size = size + 1`],
    ['documents', `update documents set patientId = 'token-0004' where patientId is not null`],
    ['statistics', `update statistics set icd10 = 'D51'`],
    ['apiKeys', `update apiKeys set iss = 'bd.dghs.1'`],
    ['idempotency', `update idempotency set status = 200`],
    ['issuerKeys', `update issuerKeys set createdAt = 1`],
    ['facilityKeys', `update facilityKeys set sealed = zeroblob(40)`],
  ];
  for (const [table, change] of changes) {
    const copy = await copyOf(dataDir);
    const db = new Libsql(join(copy, 'service.db'));
    db.exec(change);
    db.close();
    assert.match((await damageIn(copy))[0]?.damage ?? '', new RegExp(`table ${table}`));
  }
});

void test('a missing or wrong key, file or database is told, each in its area', async () => {
  const areas = async (change: (copy: string) => Promise<void>): Promise<string[]> => {
    const copy = await copyOf(dataDir);
    await change(copy);
    return (await damageIn(copy)).map(({ area }) => area);
  };
  assert.deepEqual(await areas((copy) => removeFolder(join(copy, 'master.key'))), ['keys']);
  assert.deepEqual(await areas((copy) => writeFile(join(copy, 'master.key'), `${'A'.repeat(43)}\n`)), [
    'keys',
  ]);
  const loseDatabase = async (copy: string): Promise<void> => {
    await writeFile(join(copy, 'service.db'), 'no database');
    // SQLite keeps it until its handle is collected, and would bring back every page that it has.
    await removeFolder(join(copy, 'service.db-wal'));
  };
  assert.deepEqual(await areas(loseDatabase), ['database']);
  const firstFile = async (copy: string): Promise<string> =>
    (await filesIn(join(copy, 'ipfs'))).find((file) => file.includes('documents')) ?? '';
  assert.deepEqual(await areas(async (copy) => removeFolder(await firstFile(copy))), ['documents']);
  assert.deepEqual(await areas(async (copy) => removeFolder(join(copy, 'log', 'registry.jsonl'))), ['log']);
});

void test('tiles, index and registry are rebuilt from the blocks byte for byte', async () => {
  const copy = await copyOf(dataDir);
  const before = await hashesOf(join(copy, 'log'));
  await removeFolder(join(copy, 'log'));
  await rebuildDerived(copy, undefined);
  assert.deepEqual(await hashesOf(join(copy, 'log')), before);
});

void test('a backup made while the service worked becomes a working service again', async () => {
  assert.equal(existsSync(join(backup, 'master.key')), false);
  assert.equal((await stat(backup)).mode & 0o077, 0);
  const restored = join(await newFolder(), 'data');
  await restoreData(backup, restored);
  await cp(join(dataDir, 'master.key'), join(restored, 'master.key'));
  assert.deepEqual(await damageIn(restored), []);
  const service = await startTestService(restored, {}, hospitalKey);
  try {
    await service.anchored();
    assert.equal((await service.ask('GET', `/v1/verify/${document.hash}`)).body.verdict, 'valid');
    const { body } = await service.ask('GET', `/v1/documents/${document.code}`, { key: hospitalKey });
    assert.equal(body.sha256, document.hash);
    assert.equal((await service.issue()).status, 201);
  } finally {
    await service.close();
  }
  assert.deepEqual(await damageIn(restored), []);
  await assert.rejects(restoreData(backup, restored), { code: 'CONFIG_INVALID' });
  await assert.rejects(copyData(restored, backup), { code: 'CONFIG_INVALID' });
  await assert.rejects(copyData(await newFolder(), join(await newFolder(), 'b')), { code: 'DATA_DAMAGED' });
});

void test('two services never work on one folder, nor does maintenance beside one', async () => {
  const folder = await newFolder();
  const first = await startTestService(folder);
  const isLocked = (error: unknown): boolean => error instanceof ServiceError && error.code === 'DATA_LOCKED';
  await assert.rejects(startService(configFor(folder), pino({ level: 'silent' })), isLocked);
  await assert.rejects(fsck(folder), isLocked);
  await assert.rejects(rebuildDerived(folder, undefined), isLocked);
  await first.close();
  const second = await startTestService(folder);
  await second.close();
});

void test('a start that fails gives the folder back, and says what is wrong', async () => {
  const copy = await copyOf(dataDir);
  const wrong = configFor(copy, { SPONDON_MASTER_KEY: 'B'.repeat(42) + 'A' });
  await assert.rejects(startService(wrong, pino({ level: 'silent' })));
  const service = await startTestService(copy);
  await service.close();
});
