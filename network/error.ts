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
 * - `TRUST`: a trust bundle, its draft, a signature or a key is not what it should be; the message says how.
 * - `FILE_UNREADABLE`, `FILE_EXISTS`: a file that was named cannot be read, or is there already and is not replaced.
 * - `UNREACHABLE`: no orderer answers, so the channel's configuration can be neither read nor changed.
 * - `CONFIGURATION`: a channel's configuration is not of the form that this program changes, or the orderers refused a
 *   change; the message quotes them.
 * - `MAJORITY_MISSING`: too few of those who decide have signed a change, or their keys are not here.
 * - `NAME_TAKEN`: another organisation or node has this name, MSP, domain or number.
 * - `MEMBER_ROLE`: regulators and founders do not join or leave by this way.
 * - `MEMBER_UNKNOWN`, `MEMBER_NEEDED`: no organisation has this name; the channel could not go on without it.
 * - `ORDERER_UNKNOWN`, `ORDERERS_TOO_FEW`: the same of orderers.
 * - `NODE_UNKNOWN`: the organisation has no node or user of this name.
 * - `ORDERERS_UNEVEN`: one organisation's orderers alone could decide what is ordered.
 */
export type NetworkErrorCode =
  | 'TOPOLOGY'
  | 'TOPOLOGY_CHANGED'
  | 'PROGRAM_MISSING'
  | 'PROGRAM_FAILED'
  | 'PORT_TAKEN'
  | 'NODE_DIED'
  | 'NOT_READY'
  | 'NO_NETWORK'
  | 'TRUST'
  | 'FILE_UNREADABLE'
  | 'FILE_EXISTS'
  | 'UNREACHABLE'
  | 'CONFIGURATION'
  | 'MAJORITY_MISSING'
  | 'NAME_TAKEN'
  | 'MEMBER_ROLE'
  | 'MEMBER_UNKNOWN'
  | 'MEMBER_NEEDED'
  | 'ORDERER_UNKNOWN'
  | 'ORDERERS_TOO_FEW'
  | 'NODE_UNKNOWN'
  | 'ORDERERS_UNEVEN'
  | 'CA';

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
