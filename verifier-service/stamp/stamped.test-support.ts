import { claimsUrl, signClaims, type Claims } from '@spondon/protocol/claims';
import { formatDocumentId, newDocumentId } from '@spondon/protocol/document-id';
import { makeQr } from './qr.js';
import { stampFile } from './stamp.js';
import type { StampTools } from './tools.js';

/** A sample document, as far as its stamp depends on it. */
export interface ToBeStamped {
  readonly file: Uint8Array;
  readonly language: 'en' | 'bn';
  readonly facility: { readonly issuerId: string; readonly title: Readonly<Record<'en' | 'bn', string>> };
  readonly details: Claims extends infer Each
    ? Each extends Claims
      ? Pick<Each, 'kind'> & { readonly claims: Pick<Each, 'subject' | 'facts'> }
      : never
    : never;
}

export interface StampedSample {
  readonly pdf: Uint8Array;
  /** Of the code's URL. */
  readonly jws: string;
  /** From 1. */
  readonly page: number;
  /** The dark square of the code: its lower left corner from that of the page, and its side, in millimetres. */
  readonly code: { readonly x: number; readonly y: number; readonly side: number };
}

const PORTAL = 'https://verify.example.org';
const CODE_MM = 40;
const QUIET_MODULES = 4;

/** Stamps as issuing does; the signature has the form of one and is nobody's, so that the same random gives the same code. */
export async function stampSample(
  { file, language, facility, details }: ToBeStamped,
  tools: StampTools,
  random: (length: number) => Uint8Array,
): Promise<StampedSample> {
  const jti = newDocumentId(random);
  const { kind, claims } = details;
  const signed = { iss: facility.issuerId, jti, iat: 1_773_500_000, kind, ...claims } as Claims;
  const jws = await signClaims(signed, 'sample-key', () => Promise.resolve(random(64)));
  const url = claimsUrl(PORTAL, jws);
  const { bytes, placement } = await stampFile(
    file,
    {
      claimsUrl: url,
      claimsJws: jws,
      code: formatDocumentId(jti),
      host: new URL(PORTAL).host,
      issuerName: facility.title[language],
      issuedOn: language === 'en' ? '14 March 2026' : '১৪ মার্চ, ২০২৬',
      language,
      nonce: random(16),
    },
    tools,
  );
  const quiet = (QUIET_MODULES * CODE_MM) / makeQr(url).size;
  const { page, x, y, height } = placement;
  const code = { x: x + quiet, y: y + height - quiet - CODE_MM, side: CODE_MM };
  return { pdf: bytes, jws, page, code };
}
