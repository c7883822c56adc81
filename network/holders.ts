import { NetworkError } from './error.js';
import { clientTlsIn, files, identityIn, serverTlsIn, userName, type KeyPair, type Place } from './layout.js';
import { hostOf, type Orderer, type Organisation } from './topology.js';

/** Somebody of an organisation who has an identity and a certificate for TLS; both are in one folder, or a copy of it. */
export interface Holder {
  /** Host of a node, or a user such as `User1@dghs.example`. */
  readonly name: string;
  readonly kind: 'orderer' | 'peer' | 'client' | 'admin';
  readonly orderer?: Orderer;
  readonly folder: string;
  /** In `folder`, unless another one is given. */
  readonly identity: (folder?: string) => KeyPair;
  readonly tls: (folder?: string) => KeyPair;
}

export function holdersOf(organisation: Organisation, place: Place): readonly Holder[] {
  const holder = (
    kind: Holder['kind'],
    name: string,
    own: string,
    tlsIn: (folder: string) => KeyPair,
  ): Holder => ({
    name,
    kind,
    folder: own,
    identity: (folder = own) => identityIn(folder, name),
    tls: (folder = own) => tlsIn(folder),
  });
  const user = (kind: Holder['kind'], each: 'User1' | 'Admin'): Holder =>
    holder(kind, userName(organisation, each), files.user(place, organisation, each), clientTlsIn);
  return [
    ...organisation.orderers.map((orderer) => ({
      ...holder(
        'orderer',
        hostOf(organisation, orderer),
        files.orderer(place, organisation, orderer),
        serverTlsIn,
      ),
      orderer,
    })),
    ...organisation.peers.map((each) =>
      holder('peer', hostOf(organisation, each), files.peer(place, organisation, each), serverTlsIn),
    ),
    user('client', 'User1'),
    user('admin', 'Admin'),
  ];
}

/** @throws NetworkError `NODE_UNKNOWN` for a name such as `peer1` or `User1` that nobody has */
export function holderNamed(organisation: Organisation, place: Place, name: string): Holder {
  const found = holdersOf(organisation, place).find((each) => each.name.split(/[.@]/)[0] === name);
  if (!found) throw new NetworkError('NODE_UNKNOWN', `${organisation.name} has no node or user ${name}`);
  return found;
}
