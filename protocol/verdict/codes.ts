import { claimsCodes } from './claims-codes.js';
import { evidenceCodes } from './evidence-codes.js';

/**
 * Every answer a check can give: its stable code, which of the checks it belongs to, its state, and the sentence
 * for people, written for somebody who knows nothing of logs and signatures. `{names}` are filled in. Codes are
 * kept for ever; sentences may improve.
 */

export type CheckId = 'file' | 'record' | 'signature' | 'issuer' | 'anchor' | 'status' | 'claims';

/** 'unavailable': it could not be found out, which says nothing against the document. */
export type CheckState = 'passed' | 'failed' | 'unavailable';

export const checkCodes = {
  'file-matches': {
    id: 'file',
    state: 'passed',
    message: 'The file is, to the last bit, the one that {issuer} issued.',
  },
  'file-differs': {
    id: 'file',
    state: 'failed',
    message:
      'The file is not, bit for bit, the one that {issuer} issued: it may be a scan, a photo, a re-saved copy or an edited one. Compare every fact in it with the facts shown here, or ask for the original file.',
  },
  'file-not-seen': {
    id: 'file',
    state: 'unavailable',
    message:
      'No file was compared. A genuine code can be copied onto another sheet: compare the name and the facts on the paper with those shown here, or ask for the original file.',
  },
  'file-not-compared': {
    id: 'file',
    state: 'unavailable',
    message: 'There is no record yet to compare the file with.',
  },

  'record-found': {
    id: 'record',
    state: 'passed',
    message: '{issuer} registered this document.',
  },
  'record-several': {
    id: 'record',
    state: 'failed',
    message:
      'More than one document is registered under this code. The earliest, by {issuer}, is shown: check that the paper names this facility, or ask for the original file.',
  },
  'record-not-found': {
    id: 'record',
    state: 'failed',
    message:
      'No record of it was found, so it cannot be confirmed. That does not mean that it is false: it may have been scanned, re-saved, edited, or never registered. Ask for the original file, or ask the facility that it names.',
  },
  'record-not-checked': {
    id: 'record',
    state: 'unavailable',
    message:
      'The records could not be consulted. This says nothing about the document: try again when you are online.',
  },

  'signature-good': {
    id: 'signature',
    state: 'passed',
    message: 'The record bears the electronic signature of {issuer}.',
  },
  'signature-invalid': {
    id: 'signature',
    state: 'failed',
    message:
      'The signature on the record was not made by {issuer}. Do not rely on the document; tell {contact}.',
  },
  'key-unknown': {
    id: 'signature',
    state: 'failed',
    message:
      'The record is signed with a key that {issuer} never had. Do not rely on the document; tell {contact}.',
  },
  'key-not-yet-valid': {
    id: 'signature',
    state: 'failed',
    message:
      'The record was signed before this key of {issuer} was in force. Do not rely on it; ask {contact}.',
  },
  'key-ended': {
    id: 'signature',
    state: 'failed',
    message:
      'The record was registered after this key of {issuer} had been replaced. Do not rely on it; ask {contact}.',
  },
  'key-compromised': {
    id: 'signature',
    state: 'failed',
    message:
      'The record was registered after this key of {issuer} had fallen into the wrong hands. Do not rely on it; ask {contact}.',
  },
  'signature-not-checked': {
    id: 'signature',
    state: 'unavailable',
    message: 'The signature could not be checked.',
  },

  'issuer-admitted': {
    id: 'issuer',
    state: 'passed',
    message: '{issuer} is a facility admitted by the health authorities. It can be reached at: {contact}.',
  },
  'issuer-suspended': {
    id: 'issuer',
    state: 'passed',
    message:
      '{issuer} has been suspended by the health authorities since {since}. What it registered before stands; if in doubt, ask the authorities.',
  },
  'issuer-not-listed': {
    id: 'issuer',
    state: 'unavailable',
    message:
      'The facility that issued it is not in the list at hand. Try again with a newer list, or online.',
  },
  'issuer-not-checked': {
    id: 'issuer',
    state: 'unavailable',
    message: 'Who issued it could not be checked.',
  },

  anchored: {
    id: 'anchor',
    state: 'passed',
    message:
      'Registered on {since}, according to this service. Evidence that does not depend on the service can be downloaded.',
  },
  'anchored-attested': {
    id: 'anchor',
    state: 'passed',
    message: 'Registered on {since}; confirmed on {attested} by the signatures of {witnesses}.',
  },
  'anchor-pending': {
    id: 'anchor',
    state: 'unavailable',
    message: 'Received on {since} and about to be registered, which takes seconds. Check again in a minute.',
  },
  'anchor-overdue': {
    id: 'anchor',
    state: 'failed',
    message:
      'Received on {since} and still not registered, which should take seconds. Do not rely on it; check again later, or ask {contact}.',
  },
  'anchor-missing': {
    id: 'anchor',
    state: 'failed',
    message: 'Nothing shows that it was ever registered.',
  },
  'anchor-not-checked': {
    id: 'anchor',
    state: 'unavailable',
    message: 'Whether, and since when, it is registered could not be checked.',
  },

  'in-force': {
    id: 'status',
    state: 'passed',
    message: 'Not withdrawn, as of {asOf}.',
  },
  'revocation-annulled': {
    id: 'status',
    state: 'passed',
    message:
      'It had been withdrawn, and the health authorities annulled that on {since}. As of {asOf} it stands.',
  },
  'revoked-error': {
    id: 'status',
    state: 'failed',
    message:
      '{issuer} withdrew it on {since} because it contains an error. Do not use it; ask {contact} for a correct one.',
  },
  'revoked-fraud': {
    id: 'status',
    state: 'failed',
    message: '{issuer} withdrew it on {since} because of fraud. Do not rely on it.',
  },
  'revoked-withdrawn': {
    id: 'status',
    state: 'failed',
    message: '{issuer} withdrew it on {since}. Do not use it; ask {contact} for the reason.',
  },
  superseded: {
    id: 'status',
    state: 'failed',
    message: '{issuer} replaced it on {since} by the document {by}. Ask for that one.',
  },
  'revocation-pending': {
    id: 'status',
    state: 'failed',
    message:
      '{issuer} withdrew it on {since}; the withdrawal is being registered. Do not use it; ask {contact}.',
  },
  'supersession-pending': {
    id: 'status',
    state: 'failed',
    message:
      '{issuer} replaced it on {since} by the document {by}; this is being registered. Ask for that one.',
  },
  expired: {
    id: 'status',
    state: 'failed',
    message: 'It was valid until {since}. Ask for a newer one.',
  },
  'status-stale': {
    id: 'status',
    state: 'unavailable',
    message:
      'It stood on {asOf}, but that is longer ago than you allow. Check again online, or ask for new evidence.',
  },
  'status-not-attested': {
    id: 'status',
    state: 'unavailable',
    message:
      'The evidence says nothing about whether it was withdrawn. Check online, or ask for new evidence.',
  },
  'status-not-checked': {
    id: 'status',
    state: 'unavailable',
    message: 'Whether it was withdrawn could not be checked.',
  },

  ...claimsCodes,
  ...evidenceCodes,
} as const satisfies Record<string, { id: CheckId; state: CheckState; message: string }>;

export type CheckCode = keyof typeof checkCodes;

/** One thing that was looked at, and what came of it. */
export interface Check {
  readonly id: CheckId;
  readonly state: CheckState;
  readonly code: CheckCode;
  /** A sentence for people, in English. */
  readonly message: string;
  /** What the sentence's blanks were filled with, by name, for whoever says it in another language. */
  readonly values: Readonly<Record<string, string>>;
}

/** The `{names}` in a sentence. */
type Blanks<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Blanks<Rest>
  : never;
type Filling<Code extends CheckCode> = Readonly<Record<Blanks<(typeof checkCodes)[Code]['message']>, string>>;

/** Each sentence cut at its blanks: text, name, text, name, …, text. */
const cutMessages: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(checkCodes).map(([code, { message }]) => [code, message.split(/\{(\w+)\}/)]),
);

/** The check that answers with `code`; whatever its sentence leaves blank has to be given. */
export function checkOf<Code extends CheckCode>(code: Code, filling: Filling<Code>): Check {
  const { id, state } = checkCodes[code];
  const blanks: Readonly<Record<string, string>> = filling;
  let message = '';
  cutMessages[code]?.forEach((piece, at) => (message += at % 2 === 0 ? piece : (blanks[piece] ?? '')));
  return { id, state, code, message, values: blanks };
}
