import { common, gateway, peer } from '@hyperledger/fabric-protos';
import { gatewayServer, type GatewayServer } from './gateway-server.test-support.js';
import type { Tip } from './witnesses.js';

/** Something that answers as the gateway of a peer, always with the same tip of the chain. */
export function lyingPeer(mspId: string, { height, hash }: Tip): Promise<GatewayServer> {
  const info = new common.BlockchainInfo();
  info.setHeight(height);
  info.setCurrentblockhash(hash);
  const result = new peer.Response();
  result.setStatus(200);
  result.setPayload(info.serializeBinary());
  const answer = new gateway.EvaluateResponse();
  answer.setResult(result);
  return gatewayServer(mspId, { Evaluate: (_, reply) => reply(null, Buffer.from(answer.serializeBinary())) });
}
