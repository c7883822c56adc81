import { decodeBase64url, encodeBase64url } from './base64url.js';
import { fromAscii, utf8 } from './bytes.js';
import { SIGNATURE_BYTES, isLowS } from './crypto.js';
import { DOCUMENT_ID_BYTES, documentIdBytes, documentIdFromBytes } from './document-id.js';
import { EntryWriter, headerOf } from './entry-writer.js';
import { TIME_BYTES, decodeEntry } from './entry.js';
import { ProtocolError } from './error.js';
import { isKeyId } from './jws.js';
import { PackedReader, VARINT_MAX_BYTES, writeVarint } from './packed-bytes.js';
import { DOCUMENT_KINDS, REVOCATION_REASONS, isIssuerId, isUnixSeconds } from './statement.js';
import type { SignedStatement, Statement } from './statement.js';

/**
 * A batch of statements as it travels to the contract: about 146 bytes each instead of 500, and restored
 * exactly, text included. Only canonical statements can be expressed; each batch has exactly one packed
 * form and each packed form exactly one meaning.
 *
 *     version 0x01
 *     varint  number of statements, at least 1
 *     varint  number of signers; for each, in order of first use:
 *               byte length, ASCII iss; byte length, ASCII kid
 *     for each statement:
 *       byte    bit 0: revoke; bits 1-2: kind or reason, as in the lists of statement.ts; bit 3: has exp
 *       varint  signer
 *       varint  iat
 *       10      jti
 *       issue:  32 sha256, 32 claims, varint exp - iat (with bit 3)
 *       revoke: 10 by (with reason superseded)
 *       64      signature
 *
 * Varints are unsigned LEB128 in shortest form.
 */

export interface PackLimits {
  readonly maxStatements: number;
  /** Of the statements' texts together, thus of their packed form as well. */
  readonly maxBytes: number;
}

/** What one `Append` takes. */
export const PACK_LIMITS: PackLimits = { maxStatements: 4096, maxBytes: 2 * 1024 * 1024 };

const VERSION = 1;
const REVOKE = 1;
const CHOICE_SHIFT = 1;
const HAS_EXP = 8;
const HASH_BYTES = 32;

/** Flags, signer, iat, jti, two hashes, exp, signature: more than any statement needs. */
const STATEMENT_ROOM = 1 + 3 * VARINT_MAX_BYTES + DOCUMENT_ID_BYTES + 2 * HASH_BYTES + SIGNATURE_BYTES;

function tooLarge(): never {
  throw new ProtocolError('TOO_LARGE', 'more statements, or longer ones, than a batch may hold');
}

/** Name of a signer in maps: neither part contains a space. */
function signerName(iss: string, kid: string): string {
  return `${iss} ${kid}`;
}

/** Index of each distinct signer, in order of first use. */
function signersOf(signed: readonly SignedStatement[]): Map<string, number> {
  const signers = new Map<string, number>();
  for (const { statement, kid } of signed) {
    const name = signerName(statement.iss, kid);
    if (!signers.has(name)) signers.set(name, signers.size);
  }
  return signers;
}

function writeText(text: string, to: Uint8Array, offset: number): number {
  to[offset] = text.length;
  to.set(utf8(text), offset + 1);
  return offset + 1 + text.length;
}

function writeBytes(bytes: Uint8Array, to: Uint8Array, offset: number): number {
  to.set(bytes, offset);
  return offset + bytes.length;
}

function flagsOf(statement: Statement): number {
  if (statement.op === 'revoke')
    return REVOKE | (REVOCATION_REASONS.indexOf(statement.reason) << CHOICE_SHIFT);
  const choice = DOCUMENT_KINDS.indexOf(statement.kind) << CHOICE_SHIFT;
  return statement.exp === undefined ? choice : choice | HAS_EXP;
}

function writeStatement(signed: SignedStatement, signer: number, to: Uint8Array, offset: number): number {
  const { statement, signature } = signed;
  to[offset] = flagsOf(statement);
  let at = writeVarint(signer, to, offset + 1);
  at = writeVarint(statement.iat, to, at);
  at = writeBytes(documentIdBytes(statement.jti), to, at);
  if (statement.op === 'issue') {
    at = writeBytes(decodeBase64url(statement.sha256), to, at);
    at = writeBytes(decodeBase64url(statement.claims), to, at);
    if (statement.exp !== undefined) at = writeVarint(statement.exp - statement.iat, to, at);
  } else if (statement.by !== undefined) {
    at = writeBytes(documentIdBytes(statement.by), to, at);
  }
  return writeBytes(signature, to, at);
}

/**
 * Packs statements that {@link parseStatement} gave, in this order.
 *
 * @throws ProtocolError `PACKED` for an empty batch, `TOO_LARGE` for one beyond `limits`
 */
export function packStatements(
  signed: readonly SignedStatement[],
  limits: PackLimits = PACK_LIMITS,
): Uint8Array {
  if (signed.length === 0) throw new ProtocolError('PACKED', 'a batch has at least one statement');
  const textBytes = signed.reduce((total, { text }) => total + text.length, 0);
  if (signed.length > limits.maxStatements || textBytes > limits.maxBytes) tooLarge();
  const signers = signersOf(signed);
  let tableRoom = 1 + 2 * VARINT_MAX_BYTES;
  for (const name of signers.keys()) tableRoom += name.length + 1;
  const packed = new Uint8Array(tableRoom + signed.length * STATEMENT_ROOM);
  packed[0] = VERSION;
  let at = writeVarint(signed.length, packed, 1);
  at = writeVarint(signers.size, packed, at);
  for (const name of signers.keys()) {
    for (const part of name.split(' ')) at = writeText(part, packed, at);
  }
  for (const item of signed) {
    const signer = signers.get(signerName(item.statement.iss, item.kid)) ?? 0;
    at = writeStatement(item, signer, packed, at);
  }
  return packed.slice(0, at);
}

interface Signer {
  readonly iss: string;
  readonly kid: string;
  readonly header: Uint8Array;
}

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new ProtocolError('PACKED', what);
}

function readSigners(reader: PackedReader, statements: number): Signer[] {
  const count = reader.varint();
  check(count >= 1 && count <= statements, 'more signers than statements, or none');
  const names = new Set<string>();
  const signers: Signer[] = [];
  for (let i = 0; i < count; i++) {
    const iss = fromAscii(reader.bytes(reader.byte()));
    const kid = fromAscii(reader.bytes(reader.byte()));
    check(isIssuerId(iss) && isKeyId(kid), 'a signer that could not have signed');
    names.add(signerName(iss, kid));
    signers.push({ iss, kid, header: headerOf(kid) });
  }
  check(names.size === count, 'a signer twice in the table');
  return signers;
}

function readDocumentId(reader: PackedReader): string {
  try {
    return documentIdFromBytes(reader.bytes(DOCUMENT_ID_BYTES));
  } catch (cause) {
    throw new ProtocolError('PACKED', 'a document id that is none', { cause });
  }
}

/** What follows flags and signer, up to the signature. */
function readStatement(reader: PackedReader, flags: number, iss: string): Statement {
  const iat = reader.varint();
  check(isUnixSeconds(iat), 'iat is not a time');
  const jti = readDocumentId(reader);
  const choice = (flags >> CHOICE_SHIFT) & 3;
  if ((flags & REVOKE) !== 0) {
    const reason = REVOCATION_REASONS[choice];
    check(reason !== undefined && flags <= 7, 'flags that mean nothing');
    if (reason !== 'superseded') return { op: 'revoke', iss, iat, jti, reason };
    const by = readDocumentId(reader);
    check(by !== jti, 'a document cannot replace itself');
    return { op: 'revoke', iss, iat, jti, reason, by };
  }
  const kind = DOCUMENT_KINDS[choice];
  check(kind !== undefined && flags <= 15, 'flags that mean nothing');
  const sha256 = encodeBase64url(reader.bytes(HASH_BYTES));
  const claims = encodeBase64url(reader.bytes(HASH_BYTES));
  if ((flags & HAS_EXP) === 0) return { op: 'issue', iss, iat, jti, kind, sha256, claims };
  const exp = iat + reader.varint();
  check(exp > iat && isUnixSeconds(exp), 'exp is not a time after iat');
  return { op: 'issue', iss, iat, jti, kind, sha256, claims, exp };
}

/** A {@link SignedStatement} whose text is in its log's entry and nowhere else: {@link decodeEntry} gives it. */
export interface EnteredStatement extends Omit<SignedStatement, 'text'> {
  readonly entry: Uint8Array;
}

/**
 * The statements of a packed batch as entries of the time `at`, Unix ms. Signatures have low S and are otherwise not
 * verified. The results share memory with `packed`, which must not change afterwards, and with one another.
 *
 * @throws ProtocolError `PACKED` for anything {@link packStatements} would not have written, `TOO_LARGE` for
 * a batch beyond `limits`, `ENTRY` for a time that is none
 */
export function unpackEntries(
  packed: Uint8Array,
  at: number,
  limits: PackLimits = PACK_LIMITS,
): EnteredStatement[] {
  if (packed.length > limits.maxBytes) tooLarge();
  const reader = new PackedReader(packed);
  check(reader.byte() === VERSION, 'an unknown version');
  const count = reader.varint();
  check(count >= 1, 'a batch has at least one statement');
  if (count > limits.maxStatements) tooLarge();
  const signers = readSigners(reader, count);
  const writer = new EntryWriter(at);
  const statements: EnteredStatement[] = [];
  let signersUsed = 0;
  let textBytes = 0;
  for (let i = 0; i < count; i++) {
    const flags = reader.byte();
    const index = reader.varint();
    const signer = signers[index];
    check(signer !== undefined && index <= signersUsed, 'signers are not in the order of their first use');
    if (index === signersUsed) signersUsed += 1;
    const statement = readStatement(reader, flags, signer.iss);
    const signature = reader.bytes(SIGNATURE_BYTES);
    check(isLowS(signature), 'a signature with a high S');
    const entry = writer.write(signer.header, statement, signature);
    textBytes += entry.length - TIME_BYTES;
    if (textBytes > limits.maxBytes) tooLarge();
    statements.push({ entry, kid: signer.kid, statement, signature });
  }
  check(signersUsed === signers.length, 'a signer that signed nothing');
  check(reader.ended, 'bytes after the last statement');
  return statements;
}

/**
 * The same for whoever asks for no entries: each statement as {@link parseStatement} would give it.
 *
 * @throws ProtocolError `PACKED`, `TOO_LARGE`, as {@link unpackEntries}
 */
export function unpackStatements(packed: Uint8Array, limits: PackLimits = PACK_LIMITS): SignedStatement[] {
  // Any time does: only the texts are taken.
  return unpackEntries(packed, 0, limits).map(withText);
}

/** The statement with its text as a string. */
export function withText({ entry, kid, statement, signature }: EnteredStatement): SignedStatement {
  return { text: decodeEntry(entry).text, kid, statement, signature };
}
