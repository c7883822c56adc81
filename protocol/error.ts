/** What went wrong, in a word that callers may switch on. The message is for people and may change. */
export type ProtocolErrorCode =
  // encodings
  | 'HEX'
  | 'UTF8'
  | 'BASE64URL'
  | 'NOT_CANONICAL'
  | 'TOO_LARGE'
  // signatures and keys
  | 'SIGNATURE_FORMAT'
  | 'PUBLIC_KEY'
  | 'JWS'
  // formats
  | 'DOCUMENT_ID'
  | 'STATEMENT'
  | 'PACKED'
  | 'ENTRY'
  | 'RECORD'
  | 'CLAIMS'
  | 'CLAIMS_TOO_LARGE'
  | 'TILE'
  | 'CHECKPOINT'
  // Merkle log
  | 'FRONTIER'
  | 'INCLUSION_PROOF'
  | 'CONSISTENCY_PROOF'
  // certificates, trust, evidence
  | 'DER'
  | 'CERTIFICATE'
  | 'CRL'
  | 'PROTOBUF'
  | 'ATTESTATION'
  | 'TRUST_BUNDLE'
  | 'TRUST_EXPIRED'
  | 'TRUST_PIN'
  | 'TRUST_SUCCESSION'
  | 'EVIDENCE'
  | 'PEM'
  | 'TRUST_SIGNATURE'
  // files that are looked into for codes
  | 'FILE_TYPE_UNKNOWN'
  | 'FILE_DAMAGED'
  | 'FILE_BOMB';

/**
 * The input is not what it claims to be. The only error this workspace throws on purpose; anything else
 * that escapes from it is a bug. Messages never repeat the input, which may be personal.
 */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ProtocolError';
    this.code = code;
  }
}
