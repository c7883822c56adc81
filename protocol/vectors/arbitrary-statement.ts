/* eslint-disable no-restricted-imports -- only tests import this file */
import fc from 'fast-check';
import { encodeBase64url } from '../base64url.js';
import { documentIdFromBytes } from '../document-id.js';
import { DOCUMENT_KINDS, type IssueStatement, type RevokeStatement, type Statement } from '../statement.js';

/** Valid statements of every shape, for property tests. */

const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeBase64url);

/** Clearing the low bits of the last byte leaves a number whose remainder can be steered below 32. */
const documentIds = fc.uint8Array({ minLength: 10, maxLength: 10 }).map((bytes) => {
  for (let last = bytes[9] ?? 0; ; last++) {
    bytes[9] = last & 255;
    try {
      return documentIdFromBytes(bytes);
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ProtocolError')) throw error;
    }
  }
});

const part = fc.string({ unit: fc.constantFrom('a', 'b', 'z', '0', '1', '9'), minLength: 1, maxLength: 7 });
const issuerIds = fc.array(part, { minLength: 2, maxLength: 8 }).map((parts) => parts.join('.'));
const times = fc.oneof(fc.nat(2_000_000_000), fc.constantFrom(0, 127, 128, 253_402_300_798));
const lifetimes = fc.option(fc.constantFrom(1, 127, 128, 31_536_000));

const issues = fc
  .record({
    iss: issuerIds,
    iat: times,
    jti: documentIds,
    kind: fc.constantFrom(...DOCUMENT_KINDS),
    sha256: hashes,
    claims: hashes,
    lifetime: lifetimes,
  })
  .map(({ lifetime, ...members }): IssueStatement => {
    const exp = Math.min(members.iat + (lifetime ?? 0), 253_402_300_799);
    return { op: 'issue', ...members, ...(lifetime === null ? {} : { exp }) };
  });

const revocations = fc
  .record({
    iss: issuerIds,
    iat: times,
    jti: documentIds,
    reason: fc.constantFrom('error' as const, 'fraud' as const, 'withdrawn' as const),
  })
  .map((members): RevokeStatement => ({ op: 'revoke', ...members }));

const replacements = fc
  .record({ iss: issuerIds, iat: times, jti: documentIds, by: documentIds })
  .filter(({ jti, by }) => jti !== by)
  .map((members): RevokeStatement => ({ op: 'revoke', reason: 'superseded', ...members }));

export const statements: fc.Arbitrary<Statement> = fc.oneof(issues, revocations, replacements);
