import { Client, credentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import type { FabricSettings, GatewayPeer } from './connection.js';
import { gatewayMethod, gatewayServer, type GatewayServer } from './gateway-server.test-support.js';

export interface WaitingPeer extends GatewayServer {
  /** How many transactions it was given whose senders have not hung up. */
  readonly waiting: () => number;
  readonly release: () => void;
}

/**
 * Stands before a peer, and keeps its answers to transactions until released: so a peer does while it waits for one of
 * the orderers, whether or not the others have ordered meanwhile.
 */
export async function waitingPeer(behind: GatewayPeer, tls: FabricSettings['tls']): Promise<WaitingPeer> {
  const client = new Client(
    behind.endpoint,
    credentials.createSsl(Buffer.from(behind.tlsRoot), Buffer.from(tls.key), Buffer.from(tls.certificate)),
    { 'grpc.ssl_target_name_override': behind.serverName },
  );
  const pass = (name: string) => {
    const { path, requestSerialize, responseDeserialize } = gatewayMethod(name);
    return ({ request }: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
      void client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
        reply(error, answer),
      );
  };
  const calls: ServerUnaryCall<Buffer, Buffer>[] = [];
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const submit = pass('Submit');
  const server = await gatewayServer(behind.mspId, {
    Evaluate: pass('Evaluate'),
    Endorse: pass('Endorse'),
    CommitStatus: pass('CommitStatus'),
    Submit: (call, reply) => {
      calls.push(call);
      submit(call, (error, answer) => void released.then(() => reply(error, answer)));
    },
  });
  return {
    ...server,
    waiting: () => calls.filter(({ cancelled }) => !cancelled).length,
    release,
    close: () => {
      client.close();
      server.close();
    },
  };
}
