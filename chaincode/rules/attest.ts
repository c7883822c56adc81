import { ATTESTATION_TYP } from '@spondon/protocol/attestation/state';
import { canonicalJson } from '@spondon/protocol/canonical';
import type { Clock, Issuer, LogHead, Status } from '@spondon/protocol/records';
import { Refusal } from '../refusal.js';
import { documentId, issuerId } from './issuers.js';
import { array, exactObject, mspId, natural, parseJson } from './shape.js';

/** Of each: heads, documents, issuers. One answer then stays well below a megabyte. */
export const MAX_ATTESTED = 500;

export interface AttestRequest {
  readonly heads: readonly { readonly mspId: string; readonly n: number }[];
  readonly documents: readonly { readonly iss: string; readonly jti: string }[];
  readonly issuers: readonly string[];
}

/**
 * Reads `{heads: [{mspId, n}], documents: [{iss, jti}], issuers: [iss]}`. Nothing is asked twice: verifiers refuse two
 * answers to one question.
 *
 * @throws Refusal `ARGUMENT`
 */
export function parseRequest(json: Uint8Array): AttestRequest {
  const request = exactObject(parseJson(json, 'request'), ['heads', 'documents', 'issuers'], 'the request');
  return {
    heads: questions(request.heads, 'heads', readHead, ({ mspId, n }) => `${mspId}/${n}`),
    documents: questions(request.documents, 'documents', readDocument, ({ iss, jti }) => `${iss}/${jti}`),
    issuers: questions(request.issuers, 'issuers', issuerId, (iss) => iss),
  };
}

function questions<Question>(
  value: unknown,
  what: string,
  read: (item: unknown) => Question,
  nameOf: (question: Question) => string,
): readonly Question[] {
  const items = array(value, what, MAX_ATTESTED).map(read);
  if (new Set(items.map(nameOf)).size !== items.length)
    throw new Refusal('ARGUMENT', `${what} has one twice`);
  return items;
}

function readHead(value: unknown): AttestRequest['heads'][number] {
  const head = exactObject(value, ['mspId', 'n'], 'a head');
  return { mspId: mspId(head.mspId, 'mspId'), n: natural(head.n, 'n') };
}

function readDocument(value: unknown): AttestRequest['documents'][number] {
  const document = exactObject(value, ['iss', 'jti'], 'a document');
  return { iss: issuerId(document.iss), jti: documentId(document.jti) };
}

/** What the ledger holds, found for a request: each list parallel to the request's. */
export interface Found {
  readonly channel: string;
  /** The transaction's, ms. */
  readonly time: number;
  readonly clock: Clock;
  readonly heads: readonly (LogHead | undefined)[];
  readonly statuses: readonly (Status | undefined)[];
  readonly issuers: readonly (Issuer | undefined)[];
}

/**
 * What peers sign: canonical JSON of type {@link ATTESTATION_TYP}, in the order of the request. No other function
 * may return this type.
 *
 * @throws Refusal `HEAD_GONE`, `HEAD_UNKNOWN`, `ISSUER_UNKNOWN` with the position in the request
 */
export function attestation(request: AttestRequest, found: Found): string {
  return canonicalJson({
    typ: ATTESTATION_TYP,
    channel: found.channel,
    time: found.time,
    clock: found.clock.at,
    heads: request.heads.map(({ mspId, n }, at) => ({ mspId, ...headOfRing(found.heads[at], n, at) })),
    statuses: request.documents.map((document, at) => ({ ...document, status: found.statuses[at] ?? null })),
    issuers: request.issuers.map((iss, at) => {
      const issuer = found.issuers[at];
      if (issuer === undefined) throw new Refusal('ISSUER_UNKNOWN', `${iss} was never admitted`, at);
      return { iss, ...issuer };
    }),
  });
}

/** The ring's slot holds the n-th head, or an older one (this peer is behind), or a newer one (n is gone). */
function headOfRing(slot: LogHead | undefined, n: number, position: number): LogHead {
  if (slot === undefined || slot.n < n) {
    throw new Refusal('HEAD_UNKNOWN', `head ${n} is not on this peer yet`, position);
  }
  if (slot.n > n) throw new Refusal('HEAD_GONE', `head ${n} was overwritten by ${slot.n}`, position);
  return slot;
}
