import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer, whyNoPostgres } from '../database/postgres.test-support.js';
import {
  type Answer,
  assertProblem,
  newCode,
  scratchFolders,
  startTestService,
  type TestService,
  upload,
} from './deployment.test-support.js';

const newFolder = scratchFolders();

describe('a service whose PostgreSQL was killed', { skip: await whyNoPostgres() }, () => {
  let server: TestServer;
  let service: TestService;
  before(async () => {
    server = await startTestServer();
    service = await startTestService(await newFolder(), {
      SPONDON_DATABASE_URL: await server.newDatabase(),
    });
  });
  after(async () => {
    await service.close();
    await server.stop();
  });

  test('tells of anchored documents what the ledger holds, says what it cannot tell, and calls nothing unknown', async () => {
    const { documentId: code = '', sha256: hash = '' } = (await service.issue()).body;
    await service.anchored();
    const url = `/v1/documents/${code}/file`;
    const { bytes: file } = await service.ask('GET', url, { key: service.hospitalKey });
    const asked = (): Promise<Answer[]> =>
      Promise.all([
        service.ask('GET', `/v1/verify/${hash}`),
        service.ask('GET', `/v1/verify?code=${code}`),
        service.ask('POST', '/v1/verify', { form: upload(file) }),
      ]);
    const notesIn = ({ body }: Answer) => body.notes?.map((note) => note.code);

    await server.kill();
    for (const answer of await asked()) {
      assert.equal(answer.body.verdict, 'valid', answer.text);
      assert.deepEqual(notesIn(answer), ['single-owner', 'waiting-unknown']);
    }
    assert.equal((await service.ask('GET', `/v1/documents/${code}/evidence`)).status, 200);
    for (const unknown of [`/v1/verify/${'0'.repeat(64)}`, `/v1/verify?code=${newCode()}`]) {
      const answer = await service.ask('GET', unknown);
      assertProblem(answer, 503, 'STORAGE_UNAVAILABLE');
      assert.ok(Number(answer.headers['retry-after']) > 0);
    }

    await server.start();
    for (const answer of await asked()) assert.deepEqual(notesIn(answer), ['single-owner']);
    const nobodys = await service.ask('GET', `/v1/verify/${'0'.repeat(64)}`);
    assert.equal(nobodys.body.verdict, 'not-found');
  });
});
