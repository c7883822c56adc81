import { claimsFromUrl, documentIdFromUrl, parseClaims } from '@spondon/protocol/claims';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { ProtocolError } from '@spondon/protocol/error';
import type { Asked } from '../check/question.js';

/** What a link or a typed text asks; `host` is where a link leads, null for a code alone. */
export interface Typed {
  readonly question: Exclude<Asked, { asked: 'file' }>;
  readonly host: string | null;
}

/** A code in any spelling, or the address of a QR code or label. Null for anything else. */
export function readTyped(text: string): Typed | null {
  const trimmed = inLatinDigits(text.replace(AROUND, ''));
  const claims = claimsFromUrl(trimmed);
  if (claims) return { question: { asked: 'claims', claims: [claims.jws] }, host: claims.host };
  const label = documentIdFromUrl(trimmed);
  const code = codeOf(label?.documentId ?? trimmed);
  return code === null ? null : { question: { asked: 'code', code }, host: label?.host ?? null };
}

/** What mail and people write before and after a code or a link. */
const AROUND = /^[\s\p{Cf}(<"'‘“]*(?:(?:code|কোড)\s*[:：]\s*)?|[\s\p{Cf}.,;:!?)>"'’”।]+$/giu;
/** Dashes of every length, and what else stands for one. */
const BETWEEN = /[\s\p{Pd}\p{Cf}−_/.]/gu;

/** Why an address of ours holds no question. */
export type NoCode = 'not-a-code' | 'mistyped' | 'cut-link';

/** What the page was opened for; null for the page itself. Who opened it here believes this host. */
export function fromAddress({ pathname, hash }: Location): Typed | NoCode | null {
  const [, written] = /^\/d\/([^/]+)$/.exec(pathname) ?? [];
  if (written !== undefined) {
    const code = decoded(written);
    const typed = readTyped(code);
    if (typed?.question.asked === 'code') return typed;
    return judgeTyped(code).count === SYMBOLS ? 'mistyped' : 'not-a-code';
  }
  if (pathname !== '/v' || hash === '') return null;
  const jws = hash.slice(1);
  if (unlessUnreadable(() => parseClaims(jws)) === null) return 'cut-link';
  return { question: { asked: 'claims', claims: [jws] }, host: null };
}

/** Mail programs and forms escape a space or a Bangla digit. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** On a Bangla keyboard the digits are Bangla ones. */
function inLatinDigits(text: string): string {
  return text.replace(/[০-৯]/g, (digit) => String(digit.charCodeAt(0) - '০'.charCodeAt(0)));
}

/** However its signs are kept apart. */
function codeOf(text: string): string | null {
  return unlessUnreadable(() => parseDocumentId(text.replace(BETWEEN, '')));
}

function unlessUnreadable<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/** What has been typed of a code so far. */
export interface TypedSoFar {
  /** Signs that count, of 17. */
  readonly count: number;
  readonly state: 'incomplete' | 'mistyped' | 'good';
}

const SYMBOLS = 17;

export function judgeTyped(text: string): TypedSoFar {
  if (readTyped(text)) return { count: SYMBOLS, state: 'good' };
  const count = inLatinDigits(text.replace(AROUND, '')).replace(/[^0-9A-Za-z]/g, '').length;
  return { count, state: count < SYMBOLS ? 'incomplete' : 'mistyped' };
}
