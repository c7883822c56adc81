import { Server, ServerCredentials } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import { Link, type LinkedChaincode, type PeerStream } from './link.js';

/** PEM: own key and certificate, and the certificate that peers show. */
export interface LinkTls {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly clientCert: Buffer;
}

/** What Fabric's peers take and send. */
const MAX_MESSAGE_BYTES = 100 * 1024 * 1024;

/** Pings keep idle connections open. */
const GRPC_OPTIONS = {
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.keepalive_time_ms': 110_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.keepalive_permit_without_calls': 1,
};

/** Fabric's service, of which the messages stay as they came: `Link` reads them. */
const SERVICE = {
  connect: { ...peer.ChaincodeService.connect, requestDeserialize: (bytes: Buffer): Uint8Array => bytes },
};

/** Answers peers at `address`, `host:port`, until `close`. Whoever does not show the peers' certificate gets nowhere. */
export async function listen(
  address: string,
  tls: LinkTls,
  chaincode: LinkedChaincode,
): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = new Server(GRPC_OPTIONS);
  server.addService(SERVICE, { connect: (stream: PeerStream) => new Link(stream, chaincode).open() });
  const pair = { private_key: tls.key, cert_chain: tls.cert };
  const credentials = ServerCredentials.createSsl(tls.clientCert, [pair], true);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { port, close: () => server.forceShutdown() };
}
