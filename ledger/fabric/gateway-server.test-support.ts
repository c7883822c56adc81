import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js';
import { linkEnd } from '@spondon/network/chaincode-link';
import type { GatewayPeer } from './connection.js';

const NAME = 'gateway.example';

/** A unary method of a peer's gateway service, whose messages stay bytes. */
export function gatewayMethod(name: string) {
  const bytes = (message: Uint8Array) => Buffer.from(message);
  return {
    path: `/gateway.Gateway/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
}

export interface GatewayServer extends GatewayPeer {
  readonly close: () => void;
}

/** Answers for the gateway of a peer, by the names of its methods. */
export async function gatewayServer(
  mspId: string,
  methods: Readonly<Record<string, handleUnaryCall<Buffer, Buffer>>>,
): Promise<GatewayServer> {
  const { certificate, key } = await linkEnd(NAME, new Date());
  const server = new Server();
  const names = Object.keys(methods);
  server.addService(Object.fromEntries(names.map((name) => [name, gatewayMethod(name)])), methods);
  const credentials = ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) },
  ]);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return {
    mspId,
    endpoint: `127.0.0.1:${port}`,
    serverName: NAME,
    tlsRoot: certificate,
    close: () => server.forceShutdown(),
  };
}
