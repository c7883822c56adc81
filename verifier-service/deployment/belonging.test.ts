import assert from 'node:assert/strict';
import { cp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { startTestServer, type TestServer, whyNoPostgres } from '../database/postgres.test-support.js';
import { scratchFolders, startTestService } from './deployment.test-support.js';

const newFolder = scratchFolders();
const KEY = { SPONDON_MASTER_KEY: 'A'.repeat(43) };
const OTHER_KEY = { SPONDON_MASTER_KEY: 'B'.repeat(42) + 'A' };

void test('a service.db beside the ledger of another deployment is refused', async () => {
  const [one, other] = [await newFolder(), await newFolder()];
  for (const folder of [one, other]) await (await startTestService(folder, KEY)).close();
  await cp(join(one, 'service.db'), join(other, 'service.db'));
  await rm(join(other, 'service.db-wal'), { force: true });
  await assert.rejects(startTestService(other, KEY), { code: 'DATABASE_OF_ANOTHER' });
});

describe('a service whose database is on PostgreSQL', { skip: await whyNoPostgres() }, () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });

  void test('its database takes no second ledger and no other key, and founds nothing for them', async () => {
    const env = { SPONDON_DATABASE_URL: await server.newDatabase(), ...KEY };
    const [folder, fresh] = [await newFolder(), await newFolder()];
    const service = await startTestService(folder, env);
    await service.issue();
    await service.anchored();
    await service.close();
    await assert.rejects(startTestService(fresh, env), { code: 'DATABASE_OF_ANOTHER' });
    await assert.rejects(startTestService(fresh, { ...env, ...OTHER_KEY }), { code: 'MASTER_KEY_WRONG' });
    assert.equal(existsSync(join(fresh, 'ledger', 'blocks')), false);
    assert.equal(existsSync(join(fresh, 'service.db')), false);
    const again = await startTestService(folder, env, service.hospitalKey);
    assert.equal((await again.ask('GET', '/health/ready')).status, 200);
    await again.close();
  });

  void test('it starts with the kind of database that its folder knows, and with no other', async () => {
    const env = { SPONDON_DATABASE_URL: await server.newDatabase() };
    const [onPostgres, embedded] = [await newFolder(), await newFolder()];
    await (await startTestService(onPostgres, env)).close();
    await assert.rejects(startTestService(onPostgres), { code: 'CONFIG_INVALID', message: /PostgreSQL/ });
    await (await startTestService(embedded)).close();
    await assert.rejects(startTestService(embedded, env), { code: 'CONFIG_INVALID', message: /service\.db/ });
  });

  void test('while the server is away it answers 503, and goes on by itself when it is back', async () => {
    const folder = await newFolder();
    const service = await startTestService(folder, { SPONDON_DATABASE_URL: await server.newDatabase() });
    try {
      const before = (await service.issue()).body;
      await server.kill();
      const refused = await service.issue();
      assert.deepEqual([refused.status, refused.body.code], [503, 'STORAGE_UNAVAILABLE']);
      assert.ok(Number(refused.headers['retry-after']) > 0);
      const ready = await service.ask('GET', '/health/ready');
      assert.equal(ready.status, 503);
      assert.match(ready.text, /database/);
      await server.start();
      assert.equal((await service.issue()).status, 201);
      await service.anchored();
      const found = await service.ask('GET', `/v1/verify?code=${before.documentId ?? ''}`);
      assert.equal(found.body.verdict, 'valid');
      assert.doesNotMatch(service.logLines.join(''), /postgres:\/\//);
    } finally {
      await service.close();
    }
  });
});
