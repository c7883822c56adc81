import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { ALGORITHM, type Authority, authorityOf } from '../authority.js';
import { holderNamed } from '../holders.js';
import { files, type Place } from '../layout.js';
import type { Organisation } from '../topology.js';
import { writeWhole } from '../whole-file.js';

/** Neither Fabric nor verifiers look at it. */
const NEXT_UPDATE_MS = 400 * 24 * 60 * 60_000;

/**
 * Puts the certificate of a node (`peer1`) or a user (`User1`) on the revocation list of its organisation's authority,
 * in the organisation's MSP folder: from there it gets into the next trust bundle. One that is on it already changes
 * nothing. Returns the list's file.
 *
 * @throws NetworkError `NODE_UNKNOWN`
 */
export async function revoke(
  place: Place,
  organisation: Organisation,
  name: string,
  now: Date,
): Promise<string> {
  const { certificate } = holderNamed(organisation, place, name).identity();
  const { serialNumber } = new x509.X509Certificate(await readFile(certificate, 'utf8'));
  const folder = join(files.msp(place, organisation), 'crls');
  const file = join(folder, 'revoked.pem');
  await mkdir(folder, { recursive: true });
  const before = existsSync(file) ? entriesOf(new x509.X509Crl(await readFile(file, 'utf8'))) : [];
  if (before.some((each) => each.serialNumber === serialNumber)) return file;
  const entries = [...before, { serialNumber, revocationDate: now }];
  await writeWhole(file, await revocationList(await authorityOf(place, organisation), entries, now));
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
    // Fabric finds the list's authority by this: as the certificate has it, which is not always the hash that RFC 5280
    // suggests.
    extensions: [authorityKeyOf(certificate)],
    signingAlgorithm: ALGORITHM,
    signingKey,
  });
  return x509.PemConverter.encode(list.rawData, 'X509 CRL');
}

function authorityKeyOf(certificate: x509.X509Certificate): x509.AuthorityKeyIdentifierExtension {
  const own = certificate.getExtension(x509.SubjectKeyIdentifierExtension);
  if (!own) throw new TypeError('the authority has no key identifier');
  return new x509.AuthorityKeyIdentifierExtension(own.keyId);
}
