import type { Verify } from '@spondon/protocol/crypto';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { ProtocolError } from '@spondon/protocol/error';
import {
  parseStatement,
  type SignedStatement,
  type Statement,
  verifyStatement,
} from '@spondon/protocol/statement';

/** Statements to be judged, with all that it takes: a thread gets no more. */
export interface JudgeJob {
  /** Who must have signed. */
  readonly iss: string;
  /** Its public keys that are valid now (65-byte points), by their names. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
  readonly texts: readonly string[];
  /** Unix ms. */
  readonly at: number;
}

export interface StatementRefusal {
  /** As printed; null when the text is no statement. */
  readonly documentId: string | null;
  readonly code: string;
  readonly message: string;
}

/** Of one text: the statement that it is, well signed, or why it is none. */
export type Judgement = { readonly statement: Statement } | StatementRefusal;

const AHEAD_SECONDS = 300;

/** Judges each text by itself, in order: its spelling, who signed it, when, and the signature. */
export async function judgeStatements(
  { iss, keys, texts, at }: JudgeJob,
  verify: Verify,
): Promise<Judgement[]> {
  const judgements: Judgement[] = [];
  for (const text of texts) judgements.push(await judge(text, { iss, keys, at }, verify));
  return judgements;
}

async function judge(
  text: string,
  { iss, keys, at }: Omit<JudgeJob, 'texts'>,
  verify: Verify,
): Promise<Judgement> {
  let signed: SignedStatement;
  try {
    signed = parseStatement(text);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const message = `Not a statement in its one spelling: ${error.message}`;
    return { documentId: null, code: 'STATEMENT_INVALID', message };
  }
  const { statement, kid } = signed;
  const refuse = (code: string, message: string): StatementRefusal => ({
    documentId: formatDocumentId(statement.jti),
    code,
    message,
  });
  if (statement.iss !== iss) return refuse('WRONG_ISSUER', `It is not by ${iss}`);
  if (statement.iat > at / 1000 + AHEAD_SECONDS) {
    return refuse('IAT_AHEAD', 'Its time lies more than five minutes ahead: check the clock');
  }
  const key = keys.get(kid);
  if (!key) return refuse('KEY_UNKNOWN', `${kid} is not a valid key of ${iss}`);
  if (await verifyStatement(signed, key, verify)) return { statement };
  return refuse('SIGNATURE_INVALID', `The signature is not by key ${kid}`);
}
