import { caHost, files, LOOPBACK, type CaKind, type Place } from '../layout.js';
import type { Organisation } from '../topology.js';
import type { Environment } from './node-environment.js';

export interface CaPorts {
  readonly listen: number;
  readonly operations: number;
}

/** In containers, where each has an address of its own. */
export const CA_PORTS: CaPorts = { listen: 7054, operations: 7055 };

/** Who may register at an authority: it is started with this name and a secret. */
export const REGISTRAR = 'registrar';

/**
 * Settings of an organisation's Fabric CA. It makes its own root key and certificate at its first start, the
 * certificate where everybody looks for the organisation's root. The registrar comes with `FABRIC_CA_SERVER_BOOT`,
 * which is not here, because it is secret.
 */
export function caEnvironment(
  organisation: Organisation,
  kind: CaKind,
  { listen, operations }: CaPorts,
  place: Place,
): Environment {
  const host = caHost(organisation, kind);
  const root = { ca: files.root, tlsca: files.tlsRoot }[kind];
  return {
    FABRIC_CA_SERVER_HOME: files.node(place, host),
    FABRIC_CA_SERVER_ADDRESS: place.bind,
    FABRIC_CA_SERVER_PORT: String(listen),
    FABRIC_CA_SERVER_CA_NAME: host,
    FABRIC_CA_SERVER_CA_CERTFILE: root(place, organisation),
    FABRIC_CA_SERVER_CSR_CN: host,
    FABRIC_CA_SERVER_CSR_HOSTS: [host, 'localhost', LOOPBACK].join(','),
    FABRIC_CA_SERVER_TLS_ENABLED: 'true',
    FABRIC_CA_SERVER_OPERATIONS_LISTENADDRESS: `${place.bind}:${operations}`,
    FABRIC_CA_SERVER_METRICS_PROVIDER: 'prometheus',
  };
}
