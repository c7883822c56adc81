import { encodeBase64url, writeBase64url } from './base64url.js';
import { utf8 } from './bytes.js';
import { SIGNATURE_BYTES } from './crypto.js';
import { TIME_BYTES, encodeTime } from './entry.js';
import { jwsHeader } from './jws.js';
import { STATEMENT_MAX_BYTES, STATEMENT_TYP, type Statement, statementJson } from './statement.js';

/**
 * Builds entries from the parts of statements, fast: what unpacking a batch spends its time on. The parts must be valid
 * already; then the text in an entry is what {@link parseStatement} accepts.
 */

/** `<base64url header>.` in ASCII: the same for all statements under one key id. */
export function headerOf(kid: string): Uint8Array {
  return utf8(`${encodeBase64url(utf8(jwsHeader(STATEMENT_TYP, kid)))}.`);
}

const DOT = 0x2e;
const ENTRY_MAX_BYTES = TIME_BYTES + STATEMENT_MAX_BYTES;
/** Entries share memory, because an array for each would cost more than writing it. Whoever keeps one keeps its piece. */
const PIECE_BYTES = 64 * 1024;

const encoder = new TextEncoder();

/** Writes entries of one time. */
export class EntryWriter {
  readonly #time: Uint8Array;
  readonly #json = new Uint8Array(STATEMENT_MAX_BYTES);
  #piece = new Uint8Array(PIECE_BYTES);
  #end = 0;

  /** @throws ProtocolError `ENTRY`, as {@link encodeEntry} */
  constructor(at: number) {
    this.#time = encodeTime(at);
  }

  /** `header` is {@link headerOf} the key id; `signature` has 64 bytes. */
  write(header: Uint8Array, statement: Statement, signature: Uint8Array): Uint8Array {
    if (this.#end + ENTRY_MAX_BYTES > PIECE_BYTES) {
      this.#piece = new Uint8Array(PIECE_BYTES);
      this.#end = 0;
    }
    const piece = this.#piece;
    const start = this.#end;
    const { written } = encoder.encodeInto(statementJson(statement), this.#json);
    piece.set(this.#time, start);
    piece.set(header, start + TIME_BYTES);
    const dot = writeBase64url(this.#json, 0, written, piece, start + TIME_BYTES + header.length);
    piece[dot] = DOT;
    this.#end = writeBase64url(signature, 0, SIGNATURE_BYTES, piece, dot + 1);
    return piece.subarray(start, this.#end);
  }
}
