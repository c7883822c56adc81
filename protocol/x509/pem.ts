import { decodeBase64url } from '../base64url.js';
import { ProtocolError } from '../error.js';

const BLOCK =
  /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/\r\n]*)(={0,2})\r?\n-----END ([A-Z0-9 ]+)-----(?:\r?\n)?$/;

/**
 * The DER bytes of the one PEM block (RFC 7468) that `text` is, of type `label` ('CERTIFICATE', 'X509 CRL').
 * Nothing may stand before or after it.
 *
 * @throws ProtocolError `PEM`, or `BASE64URL` for stray bits after the last byte
 */
export function decodePem(text: string, label: string): Uint8Array {
  const [, begin, lines = '', padding = '', end] = BLOCK.exec(text) ?? [];
  const symbols = lines.replaceAll(/[\r\n]/g, '');
  if (begin !== label || end !== label || (symbols.length + padding.length) % 4 !== 0) {
    throw new ProtocolError('PEM', `not exactly one PEM block '${label}'`);
  }
  // The pattern admits no '-' and '_', so this is the standard alphabet and no other.
  return decodeBase64url(symbols.replaceAll('+', '-').replaceAll('/', '_'));
}
