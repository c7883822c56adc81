import { type IncomingMessage, Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';

/**
 * Browsers open connections in reserve, on which they have not asked anything yet. Node takes such a one for busy, so
 * that neither `close` nor `closeIdleConnections` ends it. From when the returned function is called, none stays open.
 */
export function watchReserveConnections(server: Server | SecureServer): () => void {
  const reserve = new Set<Socket>();
  let isClosing = false;
  const eventOfConnection = server instanceof Server ? 'connection' : 'secureConnection';
  server.on(eventOfConnection, (socket: Socket) => {
    if (isClosing) {
      socket.destroy();
      return;
    }
    reserve.add(socket);
    socket.once('close', () => reserve.delete(socket));
  });
  // From here on Node knows itself whether it is busy.
  server.on('request', ({ socket }: IncomingMessage) => reserve.delete(socket));
  return () => {
    isClosing = true;
    for (const socket of reserve) socket.destroy();
  };
}
