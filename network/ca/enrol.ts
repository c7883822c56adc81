import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { type Holder, holdersOf } from '../holders.js';
import { files, LOOPBACK, type KeyPair, type Place } from '../layout.js';
import type { Organisation } from '../topology.js';
import { enrol, register, type FabricCa, type IdentityType, type Issued } from './fabric-ca.js';

/** An organisation's two authorities: no certificate of a connection can pass for an identity. */
export interface Authorities {
  readonly identities: FabricCa;
  readonly tls: FabricCa;
  /** Who may register, at both: the identity that they were started with. */
  readonly registrar: { readonly name: string; readonly secret: string };
}

/**
 * Has an organisation's authorities certify its nodes, administrator and client, and lays everything out as cryptogen
 * does natively. Keys are made here, and only here. What is there already is kept: each folder appears whole.
 */
export async function enrolOrganisation(
  organisation: Organisation,
  authorities: Authorities,
  place: Place,
): Promise<void> {
  const roots: Roots = {
    identities: [basename(files.root(place, organisation)), authorities.identities.root],
    tls: [basename(files.tlsRoot(place, organisation)), authorities.tls.root],
  };
  await once(files.peerOrganisation(place, organisation), 'msp', (folder) => writeMsp(folder, roots));
  const [identities, tls] = await Promise.all([
    registrarAt(authorities.identities, authorities.registrar),
    registrarAt(authorities.tls, authorities.registrar),
  ]);
  for (const holder of holdersOf(organisation, place)) {
    await once(holder.folder, 'msp', async (folder) => {
      await writeMsp(folder, roots);
      const issued = await identities(holder.kind, { name: holder.name });
      await writePair(holder.identity(folder), issued);
    });
    await once(holder.folder, 'tls', async (folder) => {
      const issued = await tls(holder.kind, { name: holder.name, profile: 'tls', hosts: hostsOf(holder) });
      await writePair(holder.tls(folder), issued);
    });
  }
}

/** Names that a node's certificate for TLS is good for; a user's is shown to servers only. */
const hostsOf = ({ kind, name }: Holder): readonly string[] =>
  kind === 'orderer' || kind === 'peer' ? [name, 'localhost', LOOPBACK] : [];

type Certify = (
  type: IdentityType,
  what: { readonly name: string; readonly profile?: 'tls'; readonly hosts?: readonly string[] },
) => Promise<Issued>;

/** Each secret is used once, here, and forgotten. */
async function registrarAt(ca: FabricCa, registrar: Authorities['registrar']): Promise<Certify> {
  const by = await enrol(ca, registrar);
  return async (type, what) => {
    const secret = randomBytes(24).toString('base64url');
    await register(ca, by, { name: what.name, type, secret });
    return enrol(ca, { ...what, secret });
  };
}

interface Roots {
  readonly identities: readonly [file: string, pem: string];
  readonly tls: readonly [file: string, pem: string];
}

async function writeMsp(folder: string, { identities, tls }: Roots): Promise<void> {
  const msp = join(folder, 'msp');
  for (const [part, [file, pem]] of [['cacerts', identities] as const, ['tlscacerts', tls] as const]) {
    await mkdir(join(msp, part), { recursive: true });
    await writeFile(join(msp, part, file), pem);
  }
  await writeFile(join(msp, 'config.yaml'), nodeOus(join('cacerts', identities[0])));
}

/** Which organisational unit in a certificate makes its holder what. */
function nodeOus(root: string): string {
  const unit = (name: IdentityType) => ({ Certificate: root, OrganizationalUnitIdentifier: name });
  return stringify({
    NodeOUs: {
      Enable: true,
      ClientOUIdentifier: unit('client'),
      PeerOUIdentifier: unit('peer'),
      AdminOUIdentifier: unit('admin'),
      OrdererOUIdentifier: unit('orderer'),
    },
  });
}

async function writePair({ certificate, key }: KeyPair, issued: Issued): Promise<void> {
  await Promise.all([certificate, key].map((file) => mkdir(dirname(file), { recursive: true })));
  await writeFile(certificate, issued.certificate);
  await writeFile(key, issued.key, { mode: 0o600 });
}

/** Makes a part of a folder, in another one inside it, so that it appears whole: the folder itself may be a volume. */
async function once(
  folder: string,
  part: 'msp' | 'tls',
  make: (unfinished: string) => Promise<void>,
): Promise<void> {
  if (existsSync(join(folder, part))) return;
  const unfinished = join(folder, 'unfinished');
  await rm(unfinished, { recursive: true, force: true });
  await make(unfinished);
  await rename(join(unfinished, part), join(folder, part));
  await rm(unfinished, { recursive: true });
}
