import type { Statement } from './statement.js';

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
