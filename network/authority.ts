import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { PemPair } from './chaincode-link.js';
import { files, type Place } from './layout.js';
import type { Organisation } from './topology.js';

/** Of the authorities' keys and signatures. */
export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** An organisation's own certification authority, whose key trials hold. */
export interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
}

export async function openAuthority({ certificate, key }: PemPair): Promise<Authority> {
  const pkcs8 = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
  return {
    certificate: new x509.X509Certificate(certificate),
    signingKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']),
  };
}

/** The one that certifies identities. */
export async function authorityOf(place: Place, organisation: Organisation): Promise<Authority> {
  return openAuthority(await readAuthority(place, organisation, 'ca'));
}

/** The one that certifies identities, or the one for TLS. */
export async function readAuthority(
  place: Place,
  organisation: Organisation,
  which: 'ca' | 'tlsca',
): Promise<PemPair> {
  const certificate = which === 'ca' ? files.root(place, organisation) : files.tlsRoot(place, organisation);
  const key = join(files.peerOrganisation(place, organisation), which, 'priv_sk');
  return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
}
