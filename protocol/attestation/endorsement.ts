import { concatBytes, fromUtf8 } from '../bytes.js';
import { isLowS, signatureFromDer, type Verify } from '../crypto.js';
import { ProtocolError } from '../error.js';
import type { OpenMsp, TrustBundle } from '../trust.js';
import { parseCertificatePem, type Certificate } from '../x509/certificate.js';
import { refuseChain, type ChainRefusal } from '../x509/chain.js';
import { readMessage } from './protobuf.js';

/** One peer's signature (Fabric's protos.Endorsement). Attacker-controlled, both parts. */
export interface Endorsement {
  /** msp.SerializedIdentity: MSP id and certificate in PEM. */
  readonly endorser: Uint8Array;
  /** ECDSA in DER over payload ‖ endorser. */
  readonly signature: Uint8Array;
}

export type EndorsementRefusal =
  | 'endorser-unreadable'
  | 'endorser-msp-unknown'
  | 'endorser-msp-outside-validity'
  | 'endorser-role'
  | 'endorser-usage'
  | 'endorser-issuer-unknown'
  | 'endorser-signature'
  | 'endorser-outside-validity'
  | 'endorser-revoked'
  | 'endorsement-signature';

const IDENTITY = { mspId: [1, 'bytes'], certificate: [2, 'bytes'] } as const;

/** The organizational units that name a role in an MSP with node OUs. */
const ROLES = ['client', 'admin', 'orderer', 'peer'];

const CHAIN_REFUSALS = {
  usage: 'endorser-usage',
  'issuer-unknown': 'endorser-issuer-unknown',
  signature: 'endorser-signature',
  'outside-validity': 'endorser-outside-validity',
  revoked: 'endorser-revoked',
} as const satisfies Record<ChainRefusal, EndorsementRefusal>;

/** Reads an msp.SerializedIdentity. @throws ProtocolError */
export function readIdentity(endorser: Uint8Array): { mspId: string; certificate: Certificate } {
  const { mspId, certificate } = readMessage(endorser, IDENTITY);
  return { mspId: fromUtf8(mspId), certificate: parseCertificatePem(fromUtf8(certificate)) };
}

interface ReadEndorsement {
  readonly mspId: string;
  readonly certificate: Certificate;
  /** 64 bytes, S low. */
  readonly signature: Uint8Array;
}

function readEndorsement(endorsement: Endorsement): ReadEndorsement | null {
  try {
    const signature = signatureFromDer(endorsement.signature);
    return isLowS(signature) ? { ...readIdentity(endorsement.endorser), signature } : null;
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

function isPeerAlone(certificate: Certificate): boolean {
  return (
    certificate.units.filter((unit) => ROLES.includes(unit)).every((unit) => unit === 'peer') &&
    certificate.units.includes('peer')
  );
}

function speaksAt(msp: OpenMsp, at: number): boolean {
  return msp.from <= at && (msp.until === undefined || at < msp.until);
}

/**
 * Whether a peer of an MSP that the bundle lists signed `payload`, all of it in force at `at` (Unix ms):
 * the MSP, or the reason to refuse.
 */
export async function verifyEndorsement(
  payload: Uint8Array,
  endorsement: Endorsement,
  bundle: TrustBundle,
  at: number,
  verify: Verify,
): Promise<{ mspId: string } | { refused: EndorsementRefusal }> {
  const read = readEndorsement(endorsement);
  if (read === null) return { refused: 'endorser-unreadable' };
  const { mspId, certificate, signature } = read;
  const msp = bundle.msps.get(mspId);
  if (msp === undefined) return { refused: 'endorser-msp-unknown' };
  if (!speaksAt(msp, at)) return { refused: 'endorser-msp-outside-validity' };
  if (!isPeerAlone(certificate)) return { refused: 'endorser-role' };
  // Two signatures: the endorsement first, as it covers everything that was handed in.
  const signed = concatBytes(payload, endorsement.endorser);
  if (!(await verify(certificate.publicKey, signature, signed))) return { refused: 'endorsement-signature' };
  const refusal = await refuseChain(certificate, msp.authorities, at, verify);
  return refusal === null ? { mspId } : { refused: CHAIN_REFUSALS[refusal] };
}
