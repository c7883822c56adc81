import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { ALGORITHM, type Authority, authorityOf } from '../authority.js';
import { NetworkError } from '../error.js';
import { files, identityIn, userName, type Place, type User } from '../layout.js';
import { hostOf, type Organisation } from '../topology.js';

/** Neither Fabric nor verifiers look at it. */
const NEXT_UPDATE_MS = 400 * 24 * 60 * 60_000;
const USERS: readonly User[] = ['Admin', 'User1'];

/**
 * Puts the certificate of a node (`peer1`) or a user (`User1`) on the revocation list of its organisation's authority,
 * in the organisation's MSP folder: from there it gets into the next trust bundle, and into the channel with the next
 * update of its configuration. Returns the list's file.
 *
 * @throws NetworkError `TOPOLOGY` for a name that the organisation does not have
 */
export async function revoke(
  place: Place,
  organisation: Organisation,
  name: string,
  now: Date,
): Promise<string> {
  const revoked = new x509.X509Certificate(await readFile(certificateOf(place, organisation, name), 'utf8'));
  const folder = join(files.msp(place, organisation), 'crls');
  const file = join(folder, 'revoked.pem');
  await mkdir(folder, { recursive: true });
  const before = existsSync(file) ? entriesOf(new x509.X509Crl(await readFile(file, 'utf8'))) : [];
  const isKnown = before.some(({ serialNumber }) => serialNumber === revoked.serialNumber);
  const entries = isKnown ? before : [...before, { serialNumber: revoked.serialNumber, revocationDate: now }];
  const list = await revocationList(await authorityOf(place, organisation), entries, now);
  await writeFile(`${file}.unfinished`, list);
  await rename(`${file}.unfinished`, file);
  return file;
}

interface Entry {
  readonly serialNumber: string;
  readonly revocationDate: Date;
}

function entriesOf(list: x509.X509Crl): readonly Entry[] {
  return list.entries.map(({ serialNumber, revocationDate }) => ({ serialNumber, revocationDate }));
}

async function revocationList(
  { certificate, signingKey }: Authority,
  entries: readonly Entry[],
  now: Date,
): Promise<string> {
  const list = await x509.X509CrlGenerator.create({
    issuer: certificate.subject,
    thisUpdate: now,
    // RFC 5280 wants one, and the reader of @peculiar/x509 takes a list without it for empty.
    nextUpdate: new Date(now.getTime() + NEXT_UPDATE_MS),
    entries: [...entries],
    // Fabric finds the list's authority by this.
    extensions: [await x509.AuthorityKeyIdentifierExtension.create(certificate)],
    signingAlgorithm: ALGORITHM,
    signingKey,
  });
  return x509.PemConverter.encode(list.rawData, 'X509 CRL');
}

function certificateOf(place: Place, organisation: Organisation, name: string): string {
  const isNamed = (node: { readonly name: string }) => node.name === name;
  const peer = organisation.peers.find(isNamed);
  if (peer) return identityIn(files.peer(place, organisation, peer), hostOf(organisation, peer)).certificate;
  const orderer = organisation.orderers.find(isNamed);
  if (orderer)
    return identityIn(files.orderer(place, organisation, orderer), hostOf(organisation, orderer)).certificate;
  const user = USERS.find((each) => each === name);
  if (user)
    return identityIn(files.user(place, organisation, user), userName(organisation, user)).certificate;
  throw new NetworkError('TOPOLOGY', `${organisation.name} has no node and no user ${name}`);
}
