import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { peer } from '@hyperledger/fabric-protos';
import { FakePeer, HOST, Type, linkEnd } from './peer/fake-peer.test-support.js';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a server that is told to stop says what it is still asked for, and then ends', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'chaincode-server-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [own, peers, port, health] = await Promise.all([linkEnd(), linkEnd(), freePort(), freePort()]);
  const file = (name: string, content: Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const server = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./server.js'))], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      CHAINCODE_ID: `records_1:${'0'.repeat(64)}`,
      CHAINCODE_SERVER_ADDRESS: `${HOST}:${port}`,
      CHAINCODE_HEALTH_ADDRESS: `${HOST}:${health}`,
      CHAINCODE_TLS_CERT: file('own.crt', own.cert),
      CHAINCODE_TLS_KEY: file('own.key', own.key),
      CHAINCODE_TLS_CLIENT_CERT: file('peers.crt', peers.cert),
    },
  });
  t.after(() => server.kill('SIGKILL'));
  const exited = once(server, 'exit');
  await once(createInterface(server.stdout), 'line');
  assert.equal((await fetch(`http://${HOST}:${health}/health`)).status, 200);

  const fake = await FakePeer.ready(port, own, peers);
  fake.call('1', 'Clock');
  const question = await fake.hear();
  assert.equal(question.type, Type.GET_STATE);
  server.kill('SIGTERM');
  fake.respond(question, '{"at":1}');
  const answer = await fake.hear();
  const { status, payload } = peer.Response.deserializeBinary(answer.payload).toObject();
  assert.deepEqual([status, Buffer.from(payload as string, 'base64').toString()], [200, '{"at":1}']);
  assert.deepEqual(await exited, [0, null]);
  fake.leave();
});
