import { base64urlLength, encodeBase64url, writeBase64url } from './base64url.js';
import { fromAscii, utf8 } from './bytes.js';
import { SIGNATURE_BYTES } from './crypto.js';
import { jwsHeader } from './jws.js';
import { STATEMENT_MAX_BYTES, STATEMENT_TYP, type SignedStatement, type Statement } from './statement.js';

/**
 * Builds the text of statements from their parts, fast: what unpacking a batch spends its time on.
 * The parts must be valid already; then the text is what {@link parseStatement} accepts.
 */

/** RFC 8785 JSON of a valid statement, none of whose values needs escaping: its members in sorted order. */
export function statementJson(statement: Statement): string {
  const { iat, iss, jti } = statement;
  if (statement.op === 'issue') {
    const { claims, exp, kind, sha256 } = statement;
    const expires = exp === undefined ? '' : `"exp":${exp},`;
    return `{"claims":"${claims}",${expires}"iat":${iat},"iss":"${iss}","jti":"${jti}","kind":"${kind}","op":"issue","sha256":"${sha256}"}`;
  }
  const { by, reason } = statement;
  const replacement = by === undefined ? '' : `"by":"${by}",`;
  return `{${replacement}"iat":${iat},"iss":"${iss}","jti":"${jti}","op":"revoke","reason":"${reason}"}`;
}

/** `<base64url header>.` in ASCII: the same for all statements under one key id. */
export function headerOf(kid: string): Uint8Array {
  return utf8(`${encodeBase64url(utf8(jwsHeader(STATEMENT_TYP, kid)))}.`);
}

const DOT = 0x2e;
const SIGNATURE_LENGTH = base64urlLength(SIGNATURE_BYTES);
/** Allocating one array per statement costs more than all the rest; one per 64 KiB does not show. */
const BLOCK_BYTES = 65_536;

const encoder = new TextEncoder();

/** Writes statements one after the other into blocks of memory that their `signingInput`s then share. */
export class StatementWriter {
  readonly #json = new Uint8Array(STATEMENT_MAX_BYTES);
  #block = new Uint8Array(0);
  #at = 0;

  /** `header` is {@link headerOf} `kid`. */
  write(kid: string, header: Uint8Array, statement: Statement, signature: Uint8Array): SignedStatement {
    const { written } = encoder.encodeInto(statementJson(statement), this.#json);
    const signedLength = header.length + base64urlLength(written);
    const start = this.#reserve(signedLength + 1 + SIGNATURE_LENGTH);
    const block = this.#block;
    block.set(header, start);
    const dot = writeBase64url(this.#json, 0, written, block, start + header.length);
    block[dot] = DOT;
    this.#at = writeBase64url(signature, 0, SIGNATURE_BYTES, block, dot + 1);
    return {
      text: fromAscii(block.subarray(start, this.#at)),
      kid,
      statement,
      signingInput: block.subarray(start, dot),
      signature,
    };
  }

  #reserve(length: number): number {
    if (this.#at + length > this.#block.length) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#at = 0;
    }
    return this.#at;
  }
}
