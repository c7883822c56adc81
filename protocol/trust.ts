import { decodeBase64url, encodeBase64url } from './base64url.js';
import { fromUtf8, toHex, utf8 } from './bytes.js';
import { canonicalJson, parseCanonicalJson } from './canonical.js';
import {
  SIGNATURE_BYTES,
  isLowS,
  publicKeyFromJwk,
  toLowS,
  type Hash,
  type Sign,
  type Verify,
} from './crypto.js';
import { ProtocolError } from './error.js';
import { jwsHeader } from './jws.js';
import { membersOf } from './members.js';
import { parseTrustPayload, type TrustPayload, type TrustSigner, type TrustedMsp } from './trust/payload.js';
import { parseCertificatePem } from './x509/certificate.js';
import { openAuthorities, type Authorities } from './x509/chain.js';
import { parseRevocationListPem } from './x509/crl.js';

/**
 * Trust bundle: which organisations, certificates and contract versions a verifier believes, signed by the
 * regulators' offline keys. A JWS in the general JSON serialization (RFC 7515 §7.2.1), itself RFC 8785
 * canonical JSON: `{payload, signatures: [{protected, signature}]}`, ES256, one signature by each of `signers`
 * and then of `outgoing`, in their order. Nothing in it may be spelled another way.
 */

const TRUST_JWS_TYP = 'spondon-trust+jws';
/** 10,000 organisations with a root of 1 KB each fit. */
const MAX_CHARACTERS = 32 * 1024 * 1024;

/** A bundle that was verified, with its certificates read, so that evidence is verified fast. */
export interface TrustBundle {
  readonly payload: TrustPayload;
  /** Base64url SHA-256 of the payload's canonical JSON: what a successor names as `previous`. */
  readonly hash: string;
  /** Hexadecimal SHA-256 of the canonical JSON of `signers`: what people compare and pin. */
  readonly fingerprint: string;
  readonly msps: ReadonlyMap<string, OpenMsp>;
}

export interface OpenMsp extends Pick<TrustedMsp, 'mspId' | 'owner' | 'from' | 'until'> {
  readonly authorities: Authorities;
}

export interface TrustOptions {
  /** Unix ms. */
  readonly now: number;
  readonly hash: Hash;
  readonly verify: Verify;
  /** Fingerprint that the bundle must have; got on another way than the bundle itself. */
  readonly pin?: string;
  /** The bundle held until now: this one must be the same or succeed it. */
  readonly previous?: TrustBundle;
}

/** What people compare: hexadecimal SHA-256 of the canonical JSON of the signers. */
export function trustFingerprint(signers: readonly TrustSigner[], hash: Hash): string {
  return toHex(hash(utf8(canonicalJson(signers))));
}

function protectedHeader(kid: string): string {
  return encodeBase64url(utf8(jwsHeader(TRUST_JWS_TYP, kid)));
}

/** One signer's part of a bundle, made wherever its key is. */
export interface TrustSignature {
  readonly protected: string;
  readonly signature: string;
}

/** @throws ProtocolError `TRUST_BUNDLE` for a payload that could not be opened again */
export async function signTrustPayload(
  payload: TrustPayload,
  kid: string,
  sign: Sign,
): Promise<TrustSignature> {
  const header = protectedHeader(kid);
  const signature = toLowS(await sign(utf8(`${header}.${encodePayload(payload)}`)));
  return { protected: header, signature: encodeBase64url(signature) };
}

/**
 * The text of a bundle, from what each of its signers made of its payload, in whatever order. Does not verify them.
 *
 * @throws ProtocolError `TRUST_BUNDLE`, `TRUST_SIGNATURE` when one is missing, or somebody else's
 */
export function assembleTrustBundle(payload: TrustPayload, signatures: readonly TrustSignature[]): string {
  const encoded = encodePayload(payload);
  const inOrder = [...payload.signers, ...payload.outgoing].map(({ kid }) => {
    const found = signatures.find((each) => each.protected === protectedHeader(kid));
    if (!found) throw new ProtocolError('TRUST_SIGNATURE', `key ${kid} has not signed`);
    return { protected: found.protected, signature: found.signature };
  });
  if (signatures.length !== inOrder.length) {
    throw new ProtocolError('TRUST_SIGNATURE', 'a signature by a key that the bundle does not name');
  }
  return canonicalJson({ payload: encoded, signatures: inOrder });
}

function encodePayload(payload: TrustPayload): string {
  parseTrustPayload(payload);
  return encodeBase64url(utf8(canonicalJson(payload)));
}

/** Both, for whoever holds every key: `signFor` signs with the key that a kid names. */
export async function signTrustBundle(
  payload: TrustPayload,
  signFor: (kid: string) => Sign,
): Promise<string> {
  const signatures: TrustSignature[] = [];
  for (const { kid } of [...payload.signers, ...payload.outgoing])
    signatures.push(await signTrustPayload(payload, kid, signFor(kid)));
  return assembleTrustBundle(payload, signatures);
}

async function checkSignature(
  jws: unknown,
  signer: TrustSigner,
  encoded: string,
  verify: Verify,
): Promise<void> {
  const members = membersOf(jws, ['protected', 'signature'], [], 'TRUST_BUNDLE');
  const header = protectedHeader(signer.kid);
  const signature = decodeBase64url(String(members['signature']));
  const wellFormed =
    members['protected'] === header && signature.length === SIGNATURE_BYTES && isLowS(signature);
  if (!wellFormed || !(await verify(publicKeyFromJwk(signer.jwk), signature, utf8(`${header}.${encoded}`)))) {
    throw new ProtocolError('TRUST_SIGNATURE', 'a signer of the bundle did not sign it');
  }
}

async function openMsp(msp: TrustedMsp, verify: Verify): Promise<OpenMsp> {
  const authorities = await openAuthorities(
    msp.roots.map(parseCertificatePem),
    msp.intermediates.map(parseCertificatePem),
    msp.crls.map(parseRevocationListPem),
    verify,
  );
  const { mspId, owner, from, until } = msp;
  return { mspId, owner, from, ...(until === undefined ? {} : { until }), authorities };
}

/**
 * Verifies a bundle and reads its certificates. Without `pin` or `previous` it is trusted because of where
 * it came from: its signers are named in it.
 *
 * @throws ProtocolError `TRUST_BUNDLE`, `TRUST_SIGNATURE`, `TRUST_EXPIRED`, `TRUST_PIN`, `TRUST_SUCCESSION`,
 * `CERTIFICATE`, `CRL`, and what the encodings throw
 */
export async function openTrustBundle(text: string, options: TrustOptions): Promise<TrustBundle> {
  const { now, hash, verify, pin, previous } = options;
  if (text.length > MAX_CHARACTERS)
    throw new ProtocolError('TOO_LARGE', 'a trust bundle of more than 32 MiB');
  const members = membersOf(parseCanonicalJson(text), ['payload', 'signatures'], [], 'TRUST_BUNDLE');
  const { payload: encoded, signatures } = members;
  if (typeof encoded !== 'string' || !Array.isArray(signatures)) {
    throw new ProtocolError('TRUST_BUNDLE', 'not a JWS in the general JSON serialization');
  }
  const bytes = decodeBase64url(encoded);
  const payload = parseTrustPayload(parseCanonicalJson(fromUtf8(bytes)));
  const fingerprint = trustFingerprint(payload.signers, hash);
  if (pin !== undefined && pin.toLowerCase() !== fingerprint) {
    throw new ProtocolError('TRUST_PIN', 'the bundle is not signed by the keys that were pinned');
  }
  const signers = [...payload.signers, ...payload.outgoing];
  if (signatures.length !== signers.length) {
    throw new ProtocolError('TRUST_SIGNATURE', 'not exactly one signature by each signer');
  }
  for (const [index, signer] of signers.entries())
    await checkSignature(signatures[index], signer, encoded, verify);
  if (now > payload.expires)
    throw new ProtocolError('TRUST_EXPIRED', 'the bundle has expired: fetch a newer one');
  const msps = new Map<string, OpenMsp>();
  for (const msp of payload.msps) msps.set(msp.mspId, await openMsp(msp, verify));
  const bundle = { payload, hash: encodeBase64url(hash(bytes)), fingerprint, msps };
  if (previous !== undefined && previous.hash !== bundle.hash) verifySuccession(previous, bundle);
  return bundle;
}

/**
 * Returns when `next` is the bundle right after `old`: it names it, has the next number and the same channel,
 * and every signer of `old` signed it.
 *
 * @throws ProtocolError `TRUST_SUCCESSION`
 */
export function verifySuccession(old: TrustBundle, next: TrustBundle): void {
  const follows =
    next.payload.previous === old.hash &&
    next.payload.version === old.payload.version + 1 &&
    next.payload.channel === old.payload.channel;
  if (!follows) throw new ProtocolError('TRUST_SUCCESSION', 'not the bundle that follows the one held');
  const signedBy = new Set([...next.payload.signers, ...next.payload.outgoing].map(canonicalJson));
  if (!old.payload.signers.every((signer) => signedBy.has(canonicalJson(signer)))) {
    throw new ProtocolError('TRUST_SUCCESSION', 'a signer of the bundle held did not sign the new one');
  }
}
