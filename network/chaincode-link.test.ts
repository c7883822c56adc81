import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { linkEnd, type PemPair } from './chaincode-link.js';

const now = new Date();
const [server, peer, stranger] = await Promise.all(
  ['records.dghs.example', 'peers.dghs.example', 'peers.dghs.example'].map((name) => linkEnd(name, now)),
);
assert.ok(server && peer && stranger);

/** Whether `client` and the server agree to talk, when each trusts the certificate named. */
async function shakeHands(client: PemPair, clientTrusts: PemPair): Promise<boolean> {
  const { certificate: cert, key } = server as PemPair;
  const listener = createServer({
    cert,
    key,
    ca: (peer as PemPair).certificate,
    requestCert: true,
    rejectUnauthorized: true,
  });
  listener.on('secureConnection', (socket) => socket.end('hello'));
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    const { port } = listener.address() as AddressInfo;
    const socket = connect({
      host: '127.0.0.1',
      port,
      cert: client.certificate,
      key: client.key,
      ca: clientTrusts.certificate,
    });
    const heard = await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    });
    socket.destroy();
    return heard;
  } finally {
    listener.close();
  }
}

test('the two ends of a link know each other', async () => {
  assert.equal(await shakeHands(peer, server), true);
});

test('another certificate of the same name is nobody, at either end', async () => {
  assert.equal(await shakeHands(stranger, server), false);
  assert.equal(await shakeHands(peer, stranger), false);
});
