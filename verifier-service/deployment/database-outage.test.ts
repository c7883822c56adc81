import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
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

const UNKNOWN_HASH = '0'.repeat(64);

describe('a service whose PostgreSQL was killed, or says nothing', { skip: await whyNoPostgres() }, () => {
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
    for (const unknown of [`/v1/verify/${UNKNOWN_HASH}`, `/v1/verify?code=${newCode()}`]) {
      const answer = await service.ask('GET', unknown);
      assertProblem(answer, 503, 'STORAGE_UNAVAILABLE');
      assert.ok(Number(answer.headers['retry-after']) > 0);
    }

    await server.start();
    for (const answer of await asked()) assert.deepEqual(notesIn(answer), ['single-owner']);
    const nobodys = await service.ask('GET', `/v1/verify/${UNKNOWN_HASH}`);
    assert.equal(nobodys.body.verdict, 'not-found');
  });

  test('of many documents, tells what it can of each', async () => {
    const { documentId: code = '' } = (await service.issue()).body;
    await service.anchored();
    const json = { items: [{ sha256: UNKNOWN_HASH }, { code }, { code: newCode() }] };
    const verdicts = async (): Promise<(string | undefined)[]> => {
      const { body, text } = await service.ask('POST', '/v1/verify/batch', { json });
      assert.ok(body.results, text);
      return body.results.map(({ verdict }) => verdict);
    };
    assert.deepEqual(await verdicts(), ['not-found', 'valid', 'not-found']);
    await server.pause();
    try {
      assert.deepEqual(await verdicts(), ['unavailable', 'valid', 'unavailable']);
    } finally {
      await server.resume();
    }
    while ((await service.ask('GET', `/v1/verify/${UNKNOWN_HASH}`)).status === 503) await delay(100);
    assert.deepEqual(await verdicts(), ['not-found', 'valid', 'not-found']);
  });
});
