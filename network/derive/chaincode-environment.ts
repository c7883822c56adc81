import { chaincodeLinkIn, files, type Place } from '../layout.js';
import type { ChaincodeServer, Organisation } from '../topology.js';
import type { Environment } from './node-environment.js';

/** Settings of a chaincode's server, see `chaincode/server.ts`. `id` is what the peers call its package, or a file with it. */
export function chaincodeEnvironment(
  organisation: Organisation,
  { name, ports }: ChaincodeServer,
  id: string | { readonly file: string },
  place: Place,
): Environment {
  const { server, peer } = chaincodeLinkIn(files.chaincode(place, organisation, name));
  return {
    // The shim tells of every call otherwise.
    CORE_CHAINCODE_LOGGING_LEVEL: 'WARNING',
    ...(typeof id === 'string' ? { CHAINCODE_ID: id } : { CHAINCODE_ID_FILE: id.file }),
    CHAINCODE_SERVER_ADDRESS: `${place.bind}:${ports.listen}`,
    CHAINCODE_HEALTH_ADDRESS: `${place.bind}:${ports.health}`,
    CHAINCODE_TLS_CERT: server.certificate,
    CHAINCODE_TLS_KEY: server.key,
    CHAINCODE_TLS_CLIENT_CERT: peer.certificate,
  };
}
