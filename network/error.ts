/**
 * - `TOPOLOGY`: the description of the network is not what it should be; the message says where.
 * - `TOPOLOGY_CHANGED`: the data folder holds a network of another description.
 * - `PROGRAM_MISSING`: a program of Hyperledger Fabric, its configuration or its builder is not on this machine.
 * - `PROGRAM_FAILED`: one of them ended with an error, which the message quotes.
 * - `PORT_TAKEN`: something else listens where a node should.
 * - `NODE_DIED`: a node ended while it was starting; its log says why.
 * - `NOT_READY`: a node or the network did not become ready in time.
 * - `CA`: a Fabric CA cannot be reached, or refuses.
 * - `NO_NETWORK`: the data folder holds no network.
 */
export type NetworkErrorCode =
  | 'TOPOLOGY'
  | 'TOPOLOGY_CHANGED'
  | 'PROGRAM_MISSING'
  | 'PROGRAM_FAILED'
  | 'PORT_TAKEN'
  | 'NODE_DIED'
  | 'NOT_READY'
  | 'CA'
  | 'NO_NETWORK';

export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  constructor(
    readonly code: NetworkErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
