/** The codes by which evidence is refused: a part of `checkCodes`, of the same shape. */

/** What is wrong with evidence says nothing about the document itself. */
function anchorRefusal<const Why extends string>(why: Why) {
  return {
    id: 'anchor',
    state: 'failed',
    message: `${why} This evidence proves nothing: ask for a new one, or check online.`,
  } as const;
}

export const evidenceCodes = {
  'evidence-entry': {
    id: 'record',
    state: 'failed',
    message: 'The evidence file holds no readable record of a document. Ask for a new evidence file.',
  },
  'evidence-other-document': {
    id: 'record',
    state: 'failed',
    message:
      'The evidence file is about another document. Check online, or ask for the evidence that belongs to this one.',
  },
  'evidence-path': {
    id: 'record',
    state: 'failed',
    message: 'The evidence file does not show where its record is registered. Ask for a new evidence file.',
  },

  'attestation-unreadable': anchorRefusal('The evidence file is damaged.'),
  'attestation-chaincode': anchorRefusal(
    'The evidence was not made by a program that this trust list knows.',
  ),
  'attestation-status': anchorRefusal('The evidence holds a refusal instead of an answer.'),
  'attestation-writes': anchorRefusal('The evidence is not a plain answer about what is registered.'),
  'attestation-event': anchorRefusal('The evidence is more than a plain answer about what is registered.'),
  'attestation-channel': anchorRefusal('The evidence is about another register.'),
  'attestation-time': anchorRefusal(
    'The evidence bears a date that cannot be right; check your own clock too.',
  ),
  'endorser-unreadable': anchorRefusal('A confirming signature or its certificate is damaged.'),
  'endorser-msp-unknown': anchorRefusal('An organisation that confirms it is not in the trust list.'),
  'endorser-msp-outside-validity': anchorRefusal(
    'An organisation that confirms it was not trusted at that time.',
  ),
  'endorser-role': anchorRefusal('A confirming certificate was not made for this purpose.'),
  'endorser-usage': anchorRefusal('A confirming certificate may not be used to sign this.'),
  'endorser-issuer-unknown': anchorRefusal('A confirming certificate was not issued by its organisation.'),
  'endorser-signature': anchorRefusal(
    'A confirming certificate was not made by the authority that this trust list names: it is of another register, or forged.',
  ),
  'endorser-outside-validity': anchorRefusal('A confirming certificate was not valid at that time.'),
  'endorser-revoked': anchorRefusal('A confirming certificate was withdrawn.'),
  'endorsement-signature': anchorRefusal('A confirming signature is wrong.'),
  'endorsement-count': anchorRefusal('The evidence bears more signatures than any genuine one.'),
  'endorsement-policy': anchorRefusal('Too few of the organisations that must confirm it did.'),
  'head-not-attested': anchorRefusal(
    'The organisations confirm nothing about the log that holds the record.',
  ),
  'head-differs': anchorRefusal('The record is not in the log that the organisations confirm.'),
  'trust-expired': {
    id: 'anchor',
    state: 'unavailable',
    message: 'Your trust list has expired. Fetch the present one and check again.',
  },
} as const;
