import { stringify } from 'yaml';
import { LOOPBACK } from '../layout.js';
import type { Organisation, Topology } from '../topology.js';

/**
 * What cryptogen makes of a trial network: its first run (`PeerOrgs`) makes each organisation's authorities, peers and
 * users, its second (`OrdererOrgs`, `extend`) lets the same authorities certify the organisation's orderers, so that an
 * organisation has one MSP whatever its nodes do.
 */
export function cryptoConfig({ organisations }: Topology): {
  readonly peers: string;
  readonly orderers: string;
} {
  return {
    peers: stringify({
      PeerOrgs: organisations.map((each) => ({ ...specOf(each, each.peers), Users: { Count: 1 } })),
    }),
    orderers: stringify({
      OrdererOrgs: organisations
        .filter(({ orderers }) => orderers.length > 0)
        .map((each) => specOf(each, each.orderers)),
    }),
  };
}

function specOf({ mspId, domain }: Organisation, nodes: readonly { readonly name: string }[]): object {
  return {
    Name: mspId,
    Domain: domain,
    EnableNodeOUs: true,
    // Natively all nodes share one address; in containers each has its name.
    Specs: nodes.map(({ name }) => ({ Hostname: name, SANS: ['localhost', LOOPBACK] })),
  };
}
