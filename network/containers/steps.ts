import { readFile } from 'node:fs/promises';
import { enrolOrganisation } from '../ca/enrol.js';
import type { FabricCa } from '../ca/fabric-ca.js';
import { CA_PORTS, REGISTRAR } from '../derive/ca-environment.js';
import { caHost, files, type CaKind, type Place } from '../layout.js';
import { administrator, joinOrderer, joinPeer, ordererAdministrator } from '../native/channels.js';
import type { Fabric } from '../native/fabric.js';
import { adopt, ask, commit, type AsAdministrator, type Deployment } from '../native/lifecycle.js';
import {
  makeBlocks,
  makeConfiguration,
  makePackages,
  writeConnection,
  type PackageOf,
} from '../native/material.js';
import { channelsOf, regulatorsOf, type Channel, type Organisation, type Topology } from '../topology.js';

/**
 * What the native start does in one process, as steps for one container each, which sees no keys but those that its
 * step needs. Every step may be done again: what is there already is kept.
 */

/** An organisation's certificates and keys, its chaincode's package, its connection settings. */
export async function prepare(
  topology: Topology,
  organisation: Organisation,
  secret: string,
  place: Place,
): Promise<void> {
  const authority = async (kind: CaKind, root: string): Promise<FabricCa> => {
    const name = caHost(organisation, kind);
    return { host: place.reach(name), port: CA_PORTS.listen, name, root: await readFile(root, 'utf8') };
  };
  const authorities = {
    identities: await authority('ca', files.root(place, organisation)),
    tls: await authority('tlsca', files.tlsRoot(place, organisation)),
    registrar: { name: REGISTRAR, secret },
  };
  await enrolOrganisation(organisation, authorities, place);
  await makePackages(topology, [organisation], place);
  await writeConnection(topology, organisation, place);
}

/** Each channel's first block, and what nodes read beside their environment. */
export async function genesis(topology: Topology, fabric: Fabric, place: Place): Promise<void> {
  await makeBlocks(topology, fabric, place);
  await makeConfiguration(fabric, place);
}

/** Orderers and peers of other organisations may start long after ours. */
const PATIENCE_MS = 10 * 60_000;

/** An organisation's nodes join its channels; it installs its chaincodes and approves them. */
export async function join(
  topology: Topology,
  organisation: Organisation,
  fabric: Fabric,
  place: Place,
): Promise<void> {
  const as = administrators(fabric, place);
  const blockOf = (channel: Channel) => files.block(place, channel);
  await Promise.all([
    ...organisation.orderers.map((orderer) =>
      joinOrderer(topology, ordererAdministrator(organisation, orderer, fabric, place), blockOf),
    ),
    ...organisation.peers.map((peer) => joinPeer(topology, organisation, as(organisation, peer), blockOf)),
  ]);
  const packageOf = await makePackages(topology, [organisation], place);
  for (const deployment of deploymentsOf(topology, organisation, { place, as, packageOf })) {
    await adopt(deployment, organisation);
  }
}

/** The first regulator, for all: commits the chaincodes that every member approved, and asks whether they answer. */
export async function deploy(topology: Topology, fabric: Fabric, place: Place): Promise<void> {
  const [first] = regulatorsOf(topology);
  if (first === undefined) throw new TypeError('there is no regulator');
  const as = administrators(fabric, place);
  for (const deployment of deploymentsOf(topology, first, { place, as, packageOf: () => '' })) {
    await commit(deployment);
    await ask(deployment, first);
  }
}

function administrators(fabric: Fabric, place: Place): AsAdministrator {
  return (organisation, peer) =>
    administrator(organisation, peer, { fabric, config: files.config(place), place });
}

function deploymentsOf(
  topology: Topology,
  organisation: Organisation,
  rest: { readonly place: Place; readonly as: AsAdministrator; readonly packageOf: PackageOf },
): readonly Deployment[] {
  return channelsOf(topology, organisation).flatMap((channel) =>
    channel.chaincode === undefined
      ? []
      : [{ topology, channel, chaincode: channel.chaincode, patienceMs: PATIENCE_MS, ...rest }],
  );
}
