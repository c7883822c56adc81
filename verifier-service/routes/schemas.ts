import { z } from 'zod';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { ProtocolError } from '@spondon/protocol/error';
import { DOCUMENT_KINDS, isUnixSeconds } from '@spondon/protocol/statement';
import { ISSUER_KINDS } from '@spondon/protocol/records';

/** What requests and answers look like: the schemas that several routes share, each with an example. */

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    requestId: z.string(),
    errors: z.unknown().optional(),
  })
  .describe('RFC 9457 problem details; `code` is stable');

/** A documentId as people write it; becomes its canonical form. */
export const documentCode = z
  .string()
  .max(64)
  .transform((text, context) => {
    try {
      return parseDocumentId(text);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // Not the end: of a union, only what got further than its first member is told.
      const problem = { code: 'custom', message: error.message, continue: true } as const;
      context.addIssue({ ...problem, params: { code: 'CODE_INVALID' } });
      return z.NEVER;
    }
  })
  .meta({ description: 'Document code, with or without hyphens', examples: ['7K3M-Q2XD-9FHT-W4ZB-8'] });

export const documentKind = z.enum(DOCUMENT_KINDS);
export const issuerKind = z.enum(ISSUER_KINDS);
export const isoTime = z.string().meta({ examples: ['2026-03-14T08:30:00.000Z'] });
export const sha256Hex = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'must be a SHA-256 in 64 hexadecimal digits')
  .transform((text) => text.toLowerCase());

/** What a batch may ask at most. */
export const MAX_BATCH = 500;
/** A hash or a code to be looked up, with what else is said of either, and of a file. */
export const askedItem = <More extends z.ZodRawShape, OfFile extends z.ZodRawShape>(
  more: More,
  ofFile: OfFile,
) =>
  z.union(
    [
      z.strictObject({ sha256: sha256Hex, ...ofFile, ...more }),
      z.strictObject({ code: documentCode, ...more }),
    ],
    'must have either a sha256 or a code',
  );

const text = (most: number) => z.string().trim().min(1).max(most);
const date = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date such as 2026-03-14')
  .meta({ examples: ['2026-03-14'] });

export const subject = z.strictObject({
  name: text(120).meta({ examples: ['Ayesha Rahman'] }),
  birthDate: date.describe("the patient's"),
  idLast4: z
    .string()
    .regex(/^[0-9A-Z]{4}$/, 'must be the last four digits or capital letters')
    .optional()
    .describe('last four of the passport or ID number'),
});

const facts = {
  certificate: z.strictObject({
    purpose: text(120),
    result: text(120),
    validUntil: date,
    physician: text(120),
    registrationNumber: text(120),
  }),
  report: z.strictObject({ test: text(120), specimenDate: date, result: text(120) }),
  prescription: z.strictObject({
    prescriber: text(120),
    drugs: z.array(text(120)).max(99),
    items: z.number().int().min(1).max(99),
  }),
  slip: z.strictObject({
    amount: z.string().regex(/^\d{1,12}\.\d{2} [A-Z]{3}$/, 'must be an amount such as 1250.00 BDT'),
    date,
  }),
} as const;

export const patientId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,64}$/, 'must be 8 to 64 letters, digits, hyphens or underscores');

const common = {
  exp: z
    .number()
    .int()
    .positive()
    .refine(isUnixSeconds, 'must be a time in whole Unix seconds')
    .optional()
    .describe('end of validity, Unix seconds'),
  supersedes: documentCode.optional().describe('the document that this one replaces and thereby revokes'),
  patientId: patientId.optional().describe('random token; never a national ID'),
  statistics: z
    .strictObject({
      icd10: z
        .string()
        .regex(/^[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?$/, 'must be a code of ICD-10 such as J18.9')
        .optional(),
      upazila: z
        .string()
        .regex(/^[a-z0-9-]{2,64}$/, 'must be 2 to 64 small letters, digits or hyphens')
        .optional(),
      ageBand: z
        .string()
        .regex(/^(\d{1,2}-\d{1,2}|\d{1,3}\+)$/, 'must be years such as 30-39 or 80+')
        .optional(),
    })
    .optional()
    .describe('kept apart from the document'),
  language: z.enum(['en', 'bn']).default('en').describe('of the stamp'),
  page: z
    .union(
      [z.enum(['first', 'last']), z.number().int().min(1).max(5000)],
      'must be first, last or a page number',
    )
    .default('first'),
  corner: z.enum(['bottom-right', 'bottom-left', 'top-right', 'top-left']).default('bottom-right'),
};

const detailsOf = <K extends keyof typeof facts>(kind: K) =>
  z.strictObject({
    kind: z.literal(kind),
    claims: z.strictObject({ subject, facts: facts[kind] }),
    ...common,
  });

/** The `details` of POST /v1/documents: the facts depend on the kind. */
export const issueDetails = z.discriminatedUnion('kind', [
  detailsOf('certificate'),
  detailsOf('report'),
  detailsOf('prescription'),
  detailsOf('slip'),
]);

export const warning = z.object({ code: z.string(), message: z.string() });

export const issued = z.object({
  documentId: z.string(),
  issuer: z.string(),
  kind: documentKind,
  sha256: z.string(),
  state: z.literal('pending'),
  warnings: z.array(warning),
  links: z.object({ self: z.string(), file: z.string(), evidence: z.string(), verify: z.string() }),
});

const revocation = z.object({
  state: z.enum(['pending', 'anchored']),
  reason: z.string(),
  by: z.string().optional(),
  at: isoTime.optional(),
});

export const documentView = z.object({
  documentId: z.string(),
  issuer: z.string(),
  kind: documentKind,
  sha256: z.string(),
  state: z.enum(['pending', 'anchored', 'failed']),
  issuedAt: isoTime,
  anchoredAt: isoTime.optional(),
  index: z.number().int().optional(),
  size: z.number().int().optional(),
  cid: z.string().optional(),
  patientId: z.string().optional(),
  supersedes: z.string().optional(),
  erasedAt: isoTime.optional(),
  revocation: revocation.optional(),
  failure: z.object({ code: z.string(), message: z.string() }).optional(),
});

export const issuerView = z.object({
  issuerId: z.string(),
  name: z.string(),
  kind: issuerKind,
  organisation: z.string(),
  licence: z.string(),
  telephone: z.string(),
  state: z.enum(['admitted', 'suspended']),
  since: isoTime,
  keys: z.array(
    z.object({
      kid: z.string(),
      from: isoTime,
      until: isoTime.optional(),
      why: z.string().optional(),
      jwk: z.unknown(),
    }),
  ),
});

/** What waits for the votes of other regulators. */
export const proposalView = z.object({
  state: z.literal('proposed'),
  decision: z.object({
    id: z.string().describe('SHA-256 of the action, hexadecimal'),
    action: z.looseObject({ do: z.string() }).describe('as the ledger has it'),
    voters: z.array(z.string()).readonly(),
    waitingFor: z.array(z.string()).readonly(),
    lastVoteAt: isoTime,
  }),
});
