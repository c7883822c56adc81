import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * Stands between a client and a peer, and lets the connection fail once the client has sent so many bytes: `request` at
 * that byte, so that the peer never has the whole, `answer` when the peer says something afterwards.
 */
export async function cutConnection(
  endpoint: string,
  cut: 'request' | 'answer',
  afterBytes: number,
): Promise<{ readonly endpoint: string; readonly hasCut: () => boolean; readonly close: () => void }> {
  const [host = '', port = ''] = endpoint.split(':');
  const sockets = new Set<Socket>();
  let sent = 0;
  let hasCut = false;
  const server = createServer((client) => {
    const peer = connect(Number(port), host);
    const fail = () => {
      hasCut = true;
      client.destroy();
      peer.destroy();
    };
    for (const [from, to] of [
      [client, peer],
      [peer, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    client.on('data', (bytes) => {
      sent += bytes.length;
      if (cut === 'request' && !hasCut && sent > afterBytes) fail();
      else peer.write(bytes);
    });
    peer.on('data', (bytes) => {
      if (cut === 'answer' && !hasCut && sent > afterBytes) fail();
      else client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hasCut: () => hasCut,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
