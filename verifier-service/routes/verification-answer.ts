import { z } from 'zod';
import { documentKind, isoTime } from './schemas.js';

const revocation = z.object({ reason: z.string(), at: isoTime, by: z.string().optional() });
const record = z.object({
  documentId: z.string(),
  kind: documentKind,
  sha256: z.string(),
  issuer: z.object({
    issuerId: z.string(),
    name: z.string().nullable(),
    kind: z.string().nullable(),
    licence: z.string().nullable(),
    telephone: z.string().nullable(),
    state: z.string().nullable(),
  }),
  issuedAt: isoTime,
  expiresAt: isoTime.optional(),
  state: z.enum(['anchored', 'pending']),
  anchoredAt: isoTime.optional(),
  acceptedAt: isoTime.optional(),
  log: z.string().optional(),
  index: z.number().int().optional(),
  revocation: revocation.optional(),
});
const check = z.object({
  id: z.string(),
  state: z.enum(['passed', 'failed', 'unavailable']),
  code: z.string(),
  message: z.string(),
  values: z
    .record(z.string(), z.string())
    .describe("what the message's blanks were filled with, by name, for whoever says it in another language"),
});
/** The answer to any verification. */
export const verification = z.object({
  verdict: z.string(),
  summary: z.string(),
  checks: z.array(check),
  notes: z.array(z.object({ code: z.string(), message: z.string() })),
  document: record.optional(),
  others: z.array(record.extend({ mark: z.string() })).optional(),
});
/** And when the file itself was sent. */
export const fileVerification = verification.extend({
  sha256: z.string(),
  size: z.number().int(),
  claims: z
    .array(
      z.object({
        source: z.enum(['xmp', 'qr']),
        host: z.string().nullable(),
        page: z.number().int().optional(),
        signature: z.enum(['good', 'bad', 'not-checked']),
        content: z.unknown(),
      }),
    )
    .describe('what the codes in the file say'),
  reading: z
    .enum(['complete', 'partial', 'not-read', 'failed'])
    .describe('whether codes were looked for everywhere in the file'),
});
