import { webcrypto } from 'node:crypto';
import type { X509CertificateGenerator } from '@peculiar/x509';

/** A new organisation's certificates (PEM) and private keys (PKCS #8 DER). */
export interface NewOrganisation {
  readonly root: Credential;
  /** Endorses; subject has OU=peer. */
  readonly peer: Credential;
  /** Submits; subject has OU=client. */
  readonly client: Credential;
}

export interface Credential {
  readonly certificate: string;
  readonly key: Uint8Array;
}

const YEARS = 20;
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
/** As Fabric's CA does, for verifiers whose clocks are a little behind. */
const BACKDATING_MS = 5 * 60_000;

/**
 * Makes an organisation as Fabric's MSP knows them: a root of its own, and under it one certificate with the peer's and
 * one with the client's role. All are valid for 20 years from `now`.
 */
export async function createOrganisation(
  mspId: string,
  now: number,
  random: (length: number) => Uint8Array,
): Promise<NewOrganisation> {
  // Imported here because only a first start needs it, and it takes longer than all the rest of a start. It wants the
  // reflection polyfill to be there before.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const { KeyUsageFlags } = x509;
  const create = (params: Parameters<typeof X509CertificateGenerator.create>[0]) =>
    x509.X509CertificateGenerator.create({ ...params, ...validity(now), serialNumber: serial(random) });
  const name = (common: string, ...units: string[]) => [
    { CN: [`${common}.${mspId}`] },
    ...units.map((unit) => ({ OU: [unit] })),
  ];
  const issuer = name('ca');
  const rootKeys = await newKeys();
  const authority = {
    issuer,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: P256,
  };

  const root = await create({
    ...authority,
    subject: issuer,
    publicKey: rootKeys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const member = async (role: string): Promise<Credential> => {
    const keys = await newKeys();
    const certificate = await create({
      ...authority,
      subject: name(role, role),
      publicKey: keys.publicKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
      ],
    });
    return { certificate: pem(certificate.rawData), key: await exportKey(keys.privateKey) };
  };
  return {
    root: { certificate: pem(root.rawData), key: await exportKey(rootKeys.privateKey) },
    peer: await member('peer'),
    client: await member('client'),
  };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<Uint8Array> {
  return new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', key));
}

/** Whole seconds, which is all that a certificate can say. */
function validity(now: number): { notBefore: Date; notAfter: Date } {
  const notBefore = new Date(Math.floor((now - BACKDATING_MS) / 1000) * 1000);
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + YEARS);
  return { notBefore, notAfter };
}

/** 127 random bits, positive and of full length (RFC 5280 §4.1.2.2). */
function serial(random: (length: number) => Uint8Array): string {
  const bytes = Buffer.from(random(16));
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}

function pem(der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
