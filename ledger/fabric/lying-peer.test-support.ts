import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { common, gateway, peer } from '@hyperledger/fabric-protos';
import { linkEnd } from '@spondon/network/chaincode-link';
import type { GatewayPeer } from './connection.js';
import type { Tip } from './witnesses.js';

const NAME = 'liar.example';
const bytes = (message: Uint8Array) => Buffer.from(message);

/** Something that answers as the gateway of a peer, always with the same tip of the chain. */
export async function lyingPeer(
  mspId: string,
  { height, hash }: Tip,
): Promise<GatewayPeer & { close: () => void }> {
  const { certificate, key } = await linkEnd(NAME, new Date());
  const info = new common.BlockchainInfo();
  info.setHeight(height);
  info.setCurrentblockhash(hash);
  const result = new peer.Response();
  result.setStatus(200);
  result.setPayload(info.serializeBinary());
  const answer = new gateway.EvaluateResponse();
  answer.setResult(result);
  const server = new Server();
  const method = {
    path: '/gateway.Gateway/Evaluate',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  };
  server.addService(
    { evaluate: method },
    {
      evaluate: (_: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
        reply(null, Buffer.from(answer.serializeBinary())),
    },
  );
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
