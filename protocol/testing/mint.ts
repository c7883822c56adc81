/* eslint-disable no-restricted-imports, no-restricted-globals -- material for tests: nothing in the protocol imports it */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { KeyObject, sign, webcrypto } from 'node:crypto';
import type { Endorsement } from '../attestation/endorsement.js';
import { toLowS } from '../crypto.js';
import { msp } from '@hyperledger/fabric-protos';

/** Mints certificates, revocation lists and endorsements with encoders that are not the protocol's own. */

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export const DAY = 24 * 60 * 60 * 1000;
/** 2026-03-01T00:00:00Z: the tests' today. */
export const TODAY = Date.UTC(2026, 2, 1);

export interface Minted {
  readonly pem: string;
  readonly certificate: x509.X509Certificate;
  readonly privateKey: KeyObject;
  readonly signingKey: webcrypto.CryptoKey;
}

export interface CertificateWish {
  readonly subject: string;
  /** Signed by itself when absent. */
  readonly issuer?: Minted;
  /** Name to write as issuer instead of the issuer's own. */
  readonly issuerName?: string;
  readonly serial?: string;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** Null leaves the extension out. */
  readonly usages?: x509.KeyUsageFlags | null;
  readonly from?: number;
  readonly until?: number;
  readonly extensions?: readonly x509.Extension[];
  readonly curve?: 'P-256' | 'P-384';
}

/** Null leaves the extension out. */
function usagesOf({ ca, usages }: CertificateWish): x509.KeyUsageFlags | null {
  if (usages !== undefined) return usages;
  const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags;
  if (ca !== true) return digitalSignature;
  return keyCertSign | cRLSign;
}

function extensionsOf(wish: CertificateWish): x509.Extension[] {
  const usages = usagesOf(wish);
  return [
    new x509.BasicConstraintsExtension(wish.ca === true, wish.pathLength, true),
    ...(usages === null ? [] : [new x509.KeyUsagesExtension(usages, true)]),
    ...(wish.extensions ?? []),
  ];
}

export async function mintCertificate(wish: CertificateWish): Promise<Minted> {
  const algorithm = { ...ALGORITHM, namedCurve: wish.curve ?? ALGORITHM.namedCurve };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...(wish.serial === undefined ? {} : { serialNumber: wish.serial }),
    subject: wish.subject,
    issuer: wish.issuerName ?? wish.issuer?.certificate.subject ?? wish.subject,
    notBefore: new Date(wish.from ?? TODAY - 100 * DAY),
    notAfter: new Date(wish.until ?? TODAY + 1000 * DAY),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: wish.issuer?.signingKey ?? keys.privateKey,
    extensions: extensionsOf(wish),
  });
  return {
    pem: `${certificate.toString('pem')}\n`,
    certificate,
    privateKey: KeyObject.from(keys.privateKey),
    signingKey: keys.privateKey,
  };
}

export async function mintCrl(
  issuer: Minted,
  serials: readonly string[],
  wish: { issuerName?: string; extensions?: x509.Extension[] } = {},
): Promise<string> {
  const crl = await x509.X509CrlGenerator.create({
    issuer: wish.issuerName ?? issuer.certificate.subject,
    thisUpdate: new Date(TODAY - DAY),
    nextUpdate: new Date(TODAY + 30 * DAY),
    entries: serials.map((serialNumber) => ({
      serialNumber,
      revocationDate: new Date(TODAY - 2 * DAY),
      reason: x509.X509CrlReason.keyCompromise,
    })),
    extensions: wish.extensions ?? [],
    signingAlgorithm: ALGORITHM,
    signingKey: issuer.signingKey,
  });
  // The encoder's own label is 'CRL'; RFC 7468 says 'X509 CRL'.
  const lines =
    Buffer.from(crl.rawData)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN X509 CRL-----', ...lines, '-----END X509 CRL-----', ''].join('\n');
}

/** An INTEGER of an ECDSA signature in DER. */
function derInteger(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(start);
  const signByte = (digits[0] ?? 0) > 0x7f ? [0] : [];
  return Uint8Array.from([2, digits.length + signByte.length, ...signByte, ...digits]);
}

/** ECDSA signature in DER of r ‖ s. */
export function derSignature(signature: Uint8Array): Uint8Array {
  const parts = [...derInteger(signature.subarray(0, 32)), ...derInteger(signature.subarray(32))];
  return Uint8Array.from([0x30, parts.length, ...parts]);
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The other signature of the same value: s replaced by n - s. */
export function malleated(signature: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
  const other = (ORDER - s).toString(16).padStart(64, '0');
  return Uint8Array.from([...signature.subarray(0, 32), ...Buffer.from(other, 'hex')]);
}

export function serializedIdentity(mspId: string, pem: string): Uint8Array {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(Buffer.from(pem));
  return identity.serializeBinary();
}

/** r ‖ s, low S. */
export function signRaw(privateKey: KeyObject, data: Uint8Array): Uint8Array {
  return toLowS(Uint8Array.from(sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })));
}

/** What a peer adds to a proposal response that it agrees with. */
export function endorse(payload: Uint8Array, mspId: string, peer: Minted): Endorsement {
  const endorser = serializedIdentity(mspId, peer.pem);
  const signature = signRaw(peer.privateKey, Buffer.concat([payload, endorser]));
  return { endorser, signature: derSignature(signature) };
}
