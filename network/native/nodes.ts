import { fileURLToPath } from 'node:url';
import { chaincodeEnvironment } from '../derive/chaincode-environment.js';
import { ordererEnvironment, peerEnvironment, type Environment } from '../derive/node-environment.js';
import { files, type Place } from '../layout.js';
import { hostOf, type Organisation, type Topology } from '../topology.js';
import type { Fabric } from './fabric.js';
import type { PackageOf } from './material.js';

/** One process of the network. */
export interface Node {
  readonly kind: 'orderer' | 'peer' | 'chaincode';
  /** Name of its organisation. */
  readonly owner: string;
  readonly host: string;
  readonly ports: readonly number[];
  /** Answers 200 when the node is well. */
  readonly health: string;
  /** Prometheus text. */
  readonly metrics?: string;
  /** What it keeps. */
  readonly folder: string;
  readonly log: string;
  /** Where its process is noted. */
  readonly note: string;
  readonly command: (installation: Installation) => Command;
}

export interface Installation {
  readonly fabric: Fabric;
  /** Folder with the configuration that peers and orderers read. */
  readonly config: string;
  /** The id of a chaincode's package. */
  readonly packageOf: PackageOf;
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
}

/** The neighbouring room's program. It is started and not imported: this room knows nothing of what it does. */
const CHAINCODE_SERVER = fileURLToPath(import.meta.resolve('@spondon/chaincode/server'));

export function nodesOf(topology: Topology, place: Place): readonly Node[] {
  return topology.organisations.flatMap((organisation) => [
    ...organisation.orderers.map((orderer) => ({
      kind: 'orderer' as const,
      ...placeOf(organisation, orderer, place),
      ...operations(hostOf(organisation, orderer), orderer.ports.operations, place),
      command: ({ fabric, config }: Installation) => ({
        command: fabric.programs.orderer,
        args: [],
        env: { FABRIC_CFG_PATH: config, ...ordererEnvironment(topology, organisation, orderer, place) },
      }),
    })),
    ...organisation.peers.map((peer) => ({
      kind: 'peer' as const,
      ...placeOf(organisation, peer, place),
      ...operations(hostOf(organisation, peer), peer.ports.operations, place),
      command: ({ fabric, config }: Installation) => ({
        command: fabric.programs.peer,
        args: ['node', 'start'],
        env: { FABRIC_CFG_PATH: config, ...peerEnvironment(topology, organisation, peer, place) },
      }),
    })),
    ...organisation.chaincodes.map((server) => ({
      kind: 'chaincode' as const,
      ...placeOf(organisation, server, place),
      health: `http://${place.reach(hostOf(organisation, server))}:${server.ports.health}/health`,
      command: ({ packageOf }: Installation) => ({
        command: process.execPath,
        args: [CHAINCODE_SERVER],
        env: chaincodeEnvironment(organisation, server, packageOf(organisation, server.name), place),
      }),
    })),
  ]);
}

function placeOf(
  organisation: Organisation,
  node: { readonly name: string; readonly ports: Readonly<Record<string, number>> },
  place: Place,
): Pick<Node, 'owner' | 'host' | 'ports' | 'folder' | 'log' | 'note'> {
  const host = hostOf(organisation, node);
  return {
    owner: organisation.name,
    host,
    ports: Object.values(node.ports),
    folder: files.node(place, host),
    log: files.log(place, host),
    note: files.process(place, host),
  };
}

const operations = (host: string, port: number, place: Place) => ({
  health: `http://${place.reach(host)}:${port}/healthz`,
  metrics: `http://${place.reach(host)}:${port}/metrics`,
});
