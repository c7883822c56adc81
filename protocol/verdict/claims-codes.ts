/** The codes that say what came of checking QR or XMP claims: a part of `checkCodes`, of the same shape. */

export const claimsCodes = {
  'claims-match': {
    id: 'claims',
    state: 'passed',
    message: 'The facts in the code are those that {issuer} signed and registered for this document.',
  },
  'claims-signed': {
    id: 'claims',
    state: 'passed',
    message:
      'These facts were signed by {issuer}. Whether they were registered or withdrawn since was not checked: do so when you are online.',
  },
  'claims-contradict': {
    id: 'claims',
    state: 'failed',
    message:
      'The code in it belongs to another document or states other facts than those registered. Do not rely on it; ask the facility that it names.',
  },
  'claims-signature-invalid': {
    id: 'claims',
    state: 'failed',
    message: 'The facts in the code were not signed by the facility that it names. Do not rely on it.',
  },
  'claims-key-compromised': {
    id: 'claims',
    state: 'failed',
    message:
      'The facts in the code are signed with a key that fell into the wrong hands, so anybody may have written them. Do not rely on it; ask {contact}.',
  },
  'claims-key-unknown': {
    id: 'claims',
    state: 'failed',
    message:
      'The facts in the code are signed with a key that belongs to no admitted facility. Do not rely on it.',
  },
  'claims-unregistered-new': {
    id: 'claims',
    state: 'unavailable',
    message:
      'These facts were signed by {issuer} on {since}, but are not registered yet. Check again in a minute.',
  },
  'claims-unregistered': {
    id: 'claims',
    state: 'failed',
    message:
      'These facts were signed by {issuer} on {since}, but were never registered. Do not rely on it; ask {contact}.',
  },
  'claims-not-checked': {
    id: 'claims',
    state: 'unavailable',
    message:
      'Who signed the facts in the code could not be checked: its facility is not in the list at hand.',
  },
} as const;
