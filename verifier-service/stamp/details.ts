import type { Corner } from '../intake/image-page.js';

/** What one stamp says, and where its issuer wants it. */
export interface StampDetails {
  /** The QR's text: `https://<portal>/v#<JWS>`. */
  readonly claimsUrl: string;
  /** The claims JWS again, for the metadata. */
  readonly claimsJws: string;
  /** The document's code as people read it: `XXXX-XXXX-XXXX-XXXX-X`. */
  readonly code: string;
  /** The portal's host, so that whoever scans knows where the code must lead. */
  readonly host: string;
  readonly issuerName: string;
  /** The date as it is to be printed, in the stamp's language. */
  readonly issuedOn: string;
  readonly language: 'en' | 'bn';
  /** The first page by default; a number counts from 1, and one beyond the last means the last, with a warning. */
  readonly page?: 'first' | 'last' | number;
  readonly corner?: Corner;
  /** 16 secret random bytes: without them neither the file's hash nor its claims could be kept from guessing. */
  readonly nonce: Uint8Array;
}
