import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { concatBytes } from '@spondon/protocol/bytes';
import { publicKeyFromJwk } from '@spondon/protocol/crypto';
import { sha256 } from '@spondon/protocol/crypto-node';
import { packStatements } from '@spondon/protocol/pack';
import { signingInputOf } from '@spondon/protocol/jws';
import { parseStatement } from '@spondon/protocol/statement';
import {
  admitHomeHospital,
  assertProblem,
  issueStatement,
  newCode,
  newHomeKey,
  reportDetails,
  scratchFolders,
  signed,
  somePdf,
  startTestService,
  until,
  upload,
} from './deployment.test-support.js';
import { openVault } from './open-vault.js';
import { damageIn } from './fsck.test-support.js';
import { MSP_ID, openLedger } from './ledger.js';
import { sharedService } from './shared-service.test-support.js';
import { KnownSignatures } from '../verify/known-signatures.js';

const newFolder = scratchFolders();
const service = await sharedService({ SPONDON_MAX_QUEUE: '1' });
const key = newHomeKey();
const apiKey = await admitHomeHospital(service, key);

const gauge = async (): Promise<string | undefined> =>
  /^spondon_queue_statements (\d+)$/m.exec((await service.ask('GET', '/metrics')).text)?.[1];
const sendOne = async () => {
  const statements = [await signed(issueStatement(), key)];
  return service.ask('POST', '/v1/statements', { key: apiKey, json: { statements } });
};

void test('while too much waits to be anchored, nothing more is accepted, and callers learn when to come again', async () => {
  const waiting = issueStatement();
  const { iss, jti, sha256 } = waiting;
  const statement = await signed(waiting, key);
  const stuck = { mspId: 'ElsewhereMSP', iss, jti, op: 'issue' as const, sha256, statement, acceptedAt: 1 };
  await service.db.insertInto('queue').values(stuck).execute();
  assert.equal((await sendOne()).status, 202);
  // The count is made anew whenever something has left the queue; this row stays.
  await until(async () => (await gauge()) === '1');
  for (const refused of [await sendOne(), await service.issue()]) {
    assertProblem(refused, 503, 'OVERLOADED');
    assert.ok(Number(refused.headers['retry-after']) > 0);
  }
  assert.equal((await service.verified(jti)).verdict, 'pending');
  await service.db.deleteFrom('queue').where('mspId', '=', 'ElsewhereMSP').execute();
});

void test('a service that is told to end finishes what it accepted', async () => {
  await service.restart();
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const issuing = fetch(`${url}/v1/documents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.hospitalKey}` },
    body: upload(await somePdf(), reportDetails),
  });
  // The request has arrived once its sender's key was looked up and its file is being worked on.
  await until(
    () => new Promise((resolve) => service.app.server.getConnections((_, count) => resolve(count > 0))),
  );
  const [answer] = await Promise.all([issuing.catch(() => null), service.close()]);
  await service.restart();
  const { body } = await service.asHospital('GET', '/v1/documents');
  if (answer?.status === 201) {
    const { documentId } = (await answer.json()) as { documentId: string };
    assert.equal(body.documents?.[0]?.documentId, documentId);
  } else {
    assert.equal(body.documents?.length, 0);
  }
});

void test('connections that browsers keep for later do not hold up the end, and a request under way is answered', async () => {
  await service.restart();
  const { port } = new URL(await service.app.listen({ host: '127.0.0.1', port: 0 }));
  const { server } = service.app;
  const connected = async (): Promise<Socket> => {
    const [[accepted], socket] = await Promise.all([
      once(server, 'connection') as Promise<[Socket]>,
      Promise.resolve(connect(Number(port), '127.0.0.1')),
    ]);
    // That it ends, by whichever side, is what is waited for.
    accepted.on('error', () => undefined);
    return socket.setEncoding('utf8').on('error', () => undefined);
  };
  const head = 'POST /v1/verify/batch HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
  const body = JSON.stringify({ items: [{ code: newCode() }] });
  const [inReserve, keptAlive, underWay] = [await connected(), await connected(), await connected()];
  keptAlive.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(keptAlive, 'data');
  const arrives = once(server, 'request');
  underWay.write(`${head}content-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
  await arrives;

  let answer = '';
  underWay.on('data', (text) => (answer += String(text)));
  const ends = [inReserve, keptAlive].map((socket) => once(socket, 'close'));
  inReserve.resume();
  keptAlive.resume();
  const closing = service.close();
  await Promise.all(ends);
  // Were they ended by the grace's end only, this one would be cut off with them.
  underWay.write(body.slice(5));
  await once(underWay, 'end');
  assert.match(answer, /^HTTP\/1\.1 200 [^]*"not-found"/);
  await closing;
  await service.restart();
});

void test('a statement verified on its way in is known after a restart, and what that cache says changes no answer', async () => {
  await service.restart();
  const [good, forged] = [issueStatement(), issueStatement()];
  const text = await signed(good, key);
  const json = { statements: [text] };
  const { body } = await service.ask('POST', '/v1/statements', { key: apiKey, json });
  assert.equal(body.accepted, 1, JSON.stringify(body.results));
  // Past the service, which would refuse it: the contract leaves the signatures of issues to whoever verifies.
  const { iss, jti, sha256: hash } = forged;
  const statement = await signed(forged, { ...newHomeKey(), kid: key.kid });
  const row = { mspId: MSP_ID, iss, jti, op: 'issue' as const, sha256: hash, statement, acceptedAt: 1 };
  await service.db.insertInto('queue').values(row).execute();
  // Wakes the worker, which takes both.
  const next = { statements: [await signed(issueStatement(), key)] };
  await service.ask('POST', '/v1/statements', { key: apiKey, json: next });
  await service.anchored();
  const verdicts = async (): Promise<unknown[]> =>
    Promise.all([good, forged].map(async ({ jti: code }) => (await service.verified(code)).verdict));
  assert.deepEqual(await verdicts(), ['valid', 'altered']);
  const { knownSignatures: path } = service.folders;
  await service.close();

  const { signature } = parseStatement(text);
  const digest = sha256(concatBytes(publicKeyFromJwk(key.jwk), signature, signingInputOf(text)));
  assert.ok((await KnownSignatures.open(path)).has(digest));
  await service.restart();
  assert.deepEqual(await verdicts(), ['valid', 'altered']);
  await service.close();
  await writeFile(
    path,
    (await readFile(path)).map((byte) => byte ^ 0xff),
  );
  await service.restart();
  assert.deepEqual(await verdicts(), ['valid', 'altered']);
});

void test('fsck finds a statement that stands in the log twice', async () => {
  await service.close();
  const statement = issueStatement();
  const packed = packStatements([parseStatement(await signed(statement, key))]);
  // Past every check of the service and the worker, straight to the contract, which looks at each batch by itself.
  const { folders } = service;
  const ledger = await openLedger(folders, await openVault(folders, undefined), pino({ level: 'silent' }));
  for (let times = 0; times < 2; times += 1) {
    const head = JSON.parse(Buffer.from(await ledger.evaluate('Head', [MSP_ID])).toString()) as {
      size: number;
    };
    await ledger.submit('Append', [String(head.size), packed, '[]']);
  }
  await ledger.close();
  const damaged = await damageIn(service.dataDir);
  assert.deepEqual(
    damaged.map(({ area }) => area),
    ['entries'],
  );
  assert.match(
    String(damaged[0]?.damage),
    new RegExp(`document ${statement.jti} .* anchored twice: entries SpondonMSP \\d+ and SpondonMSP \\d+`),
  );
});

void test('a certificate that is none ends the start before anything is founded', async () => {
  const folder = await newFolder();
  const pem = join(folder, 'pem');
  await writeFile(pem, 'not a certificate');
  const data = join(folder, 'data');
  const settings = { SPONDON_TLS_CERT: pem, SPONDON_TLS_KEY: pem };
  await assert.rejects(startTestService(data, settings), { code: 'CONFIG_INVALID' });
  assert.ok(!existsSync(data));
});
