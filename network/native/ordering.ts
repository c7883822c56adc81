import { addressOf, clientTlsIn, files, type Place } from '../layout.js';
import type { Orderer, Organisation, Topology } from '../topology.js';

/** What `peer` is told so that it talks to an orderer as an administrator of an organisation. */
export function ordererFlags(
  owner: Organisation,
  orderer: Orderer,
  administrator: Organisation,
  place: Place,
): string[] {
  const { certificate, key } = clientTlsIn(files.user(place, administrator, 'Admin'));
  return [
    ...['-o', addressOf(place, owner, orderer), '--tls'],
    ...['--cafile', files.tlsRoot(place, owner)],
    ...['--clientauth', '--certfile', certificate, '--keyfile', key],
  ];
}

/** The same for every orderer of the network, in the order of the description. */
export function everyOrdererFlags(
  { organisations }: Topology,
  administrator: Organisation,
  place: Place,
): readonly string[][] {
  return organisations.flatMap((owner) =>
    owner.orderers.map((orderer) => ordererFlags(owner, orderer, administrator, place)),
  );
}

export function anyOrdererFlags(topology: Topology, administrator: Organisation, place: Place): string[] {
  return everyOrdererFlags(topology, administrator, place)[0] ?? [];
}
