import { encodeBase64url, writeBase64url } from './base64url.js';
import { fromAscii, utf8 } from './bytes.js';
import { SIGNATURE_BYTES } from './crypto.js';
import { jwsHeader } from './jws.js';
import { STATEMENT_MAX_BYTES, STATEMENT_TYP, type Statement, statementJson } from './statement.js';

/**
 * Builds the text of statements from their parts, fast: what unpacking a batch spends its time on.
 * The parts must be valid already; then the text is what {@link parseStatement} accepts.
 */

/** `<base64url header>.` in ASCII: the same for all statements under one key id. */
export function headerOf(kid: string): Uint8Array {
  return utf8(`${encodeBase64url(utf8(jwsHeader(STATEMENT_TYP, kid)))}.`);
}

const DOT = 0x2e;

const encoder = new TextEncoder();

/** Writes the texts of statements, one after the other in the same memory. */
export class StatementWriter {
  readonly #json = new Uint8Array(STATEMENT_MAX_BYTES);
  readonly #text = new Uint8Array(STATEMENT_MAX_BYTES);

  /** `header` is {@link headerOf} the key id; `signature` has 64 bytes. */
  write(header: Uint8Array, statement: Statement, signature: Uint8Array): string {
    const { written } = encoder.encodeInto(statementJson(statement), this.#json);
    this.#text.set(header);
    const dot = writeBase64url(this.#json, 0, written, this.#text, header.length);
    this.#text[dot] = DOT;
    const end = writeBase64url(signature, 0, SIGNATURE_BYTES, this.#text, dot + 1);
    return fromAscii(this.#text.subarray(0, end));
  }
}
