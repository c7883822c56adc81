import { ProtocolError } from '@spondon/protocol/error';

/** Why the contract refuses a transaction. Codes with a position concern one statement of an `Append`. */
export type RefusalCode =
  // any function
  | 'ARGUMENT'
  | 'NOT_INITIALISED'
  | 'CLOCK_SKEW'
  // Init, Tick
  | 'ALREADY_INITIALISED'
  | 'TICK_EARLY'
  // Append, the batch
  | 'SIZE_MISMATCH'
  | 'PACKED'
  | 'TOO_LARGE'
  // Append, one statement
  | 'ISSUER_UNKNOWN'
  | 'ISSUER_SUSPENDED'
  | 'WRONG_MSP'
  | 'KEY_UNKNOWN'
  | 'KEY_NOT_VALID'
  | 'IAT_AHEAD'
  | 'REVOKE_SIGNATURE'
  | 'REVOKE_PROOF'
  | 'ALREADY_REVOKED'
  | 'ANNULLED'
  // Decide
  | 'NOT_REGULATOR'
  | 'ALREADY_VOTED'
  | 'ISSUER_EXISTS'
  | 'ISSUER_STATE'
  | 'KEY_EXISTS'
  | 'KEY_ENDED'
  | 'UNTIL'
  | 'NOT_REVOKED'
  // Attest
  | 'HEAD_GONE'
  | 'HEAD_UNKNOWN';

/**
 * The contract says no. Its whole text is `CODE: message`, or `CODE[position]: message` with the statement's place
 * in the batch (from 0), because text is all that a peer hands to the client.
 */
export class Refusal extends Error {
  /** Empty, because what goes to the client is `String(error)`, which would otherwise put `Error: ` before the code. */
  override readonly name = '';

  constructor(
    readonly code: RefusalCode,
    message: string,
    readonly position?: number,
  ) {
    super(position === undefined ? `${code}: ${message}` : `${code}[${position}]: ${message}`);
  }
}

/** Runs a reader of the protocol's formats: what it finds wrong becomes a refusal with `code`. */
export function refusing<T>(code: RefusalCode, read: () => T, position?: number): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) throw new Refusal(code, error.message, position);
    throw error;
  }
}
