import { stringify } from 'yaml';
import { LOOPBACK } from '../layout.js';
import type { Orderer, Organisation } from '../topology.js';

/**
 * What cryptogen makes for an organisation of a trial network: `generate` its authorities, peers and users, and `extend`
 * an orderer that the same authorities certify, so that an organisation has one MSP whatever its nodes do.
 */

export function peersCryptoConfig(organisation: Organisation): string {
  return stringify({ PeerOrgs: [{ ...specOf(organisation, organisation.peers), Users: { Count: 1 } }] });
}

export function ordererCryptoConfig(organisation: Organisation, orderer: Orderer): string {
  return stringify({ OrdererOrgs: [specOf(organisation, [orderer])] });
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
