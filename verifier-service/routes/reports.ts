import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { fromHex } from '@spondon/protocol/bytes';
import { CLAIMS_URL_MAX_BYTES } from '@spondon/protocol/claims';
import { formatDocumentId } from '@spondon/protocol/document-id';
import type { FileSlots } from '../file-slots.js';
import { makeReport, type ReportDeps } from '../report/make-report.js';
import type { VisitorLimit } from '../visitor-limit.js';
import { allow } from './allowance.js';
import { askedItem, MAX_BATCH } from './schemas.js';

export interface ReportRoutes {
  readonly report: ReportDeps;
  /** PEM: what reports are signed with. */
  readonly certificate: string;
  readonly limit: VisitorLimit;
  readonly admit: FileSlots;
}

/** What a report costs a visitor's allowance, against 1 for a look-up: itself, and each document's evidence. */
const REPORT_COST = 8;
const ITEM_COST = 2;
const MAX_FILE_NAME = 10_000;
/** A sheet has one code; a copy of several sheets may have a few. */
const MAX_CLAIMS = 4;

const tags = ['verification'];
const item = askedItem(
  {
    fileName: z
      .string()
      .min(1)
      .max(MAX_FILE_NAME)
      .optional()
      .describe('as you call it; printed as your word'),
    fileSize: z.number().int().min(0).optional().describe('bytes; printed as your word'),
  },
  {
    claims: z
      .array(z.string().max(CLAIMS_URL_MAX_BYTES))
      .max(MAX_CLAIMS)
      .optional()
      .describe(
        'JWS texts of the codes in the file: they tell a copy that is not the original from an unknown file',
      ),
  },
);
type Item = z.infer<typeof item>;

export const reportRoutes: FastifyPluginCallbackZod<ReportRoutes> = (app, options, done) => {
  const { report, certificate, limit, admit } = options;

  app.post(
    '/v1/reports',
    {
      schema: {
        tags,
        summary: 'A signed report of a verification, as a PDF',
        description:
          'Looks up to 500 hashes or codes up now and answers application/pdf: one page about one document, or a table ' +
          'of several; signed (PAdES), with the evidence of each document attached. A file need not leave your computer.',
        body: z.strictObject({
          items: z.array(item).min(1).max(MAX_BATCH),
          language: z
            .enum(['en', 'bn'])
            .default('en')
            .describe('which labels come first; sentences are in English'),
        }),
        produces: ['application/pdf'],
      },
    },
    async (request, reply) => {
      const { items, language } = request.body;
      await allow(limit, request, reply, REPORT_COST + ITEM_COST * items.length);
      const requested = items.map((each) => ({
        asked: 'code' in each ? { code: each.code } : { sha256: fromHex(each.sha256), claims: each.claims },
        fileName: each.fileName,
        fileSize: each.fileSize,
      }));
      const pdf = await admit(() => makeReport(report, { language, items: requested }));
      return reply
        .type('application/pdf')
        .header('content-disposition', `attachment; filename="${nameFor(items)}.pdf"`)
        .send(Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength));
    },
  );

  app.get(
    '/v1/reports/certificate',
    {
      schema: {
        tags,
        summary: 'The certificate that reports are signed with',
        description:
          'PEM, with those that lead to its root where there are any. Compare it with the one in a report.',
        produces: ['application/pem-certificate-chain'],
      },
    },
    async (request, reply) => {
      await allow(limit, request, reply, 1);
      return reply
        .type('application/pem-certificate-chain')
        .header('cache-control', 'public, max-age=300')
        .send(certificate);
    },
  );
  done();
};

/** Nothing that a visitor wrote. */
function nameFor([first, ...others]: readonly Item[]): string {
  if (!first || others.length > 0) return `verification-of-${others.length + 1}-documents`;
  return `verification-${'code' in first ? formatDocumentId(first.code) : first.sha256.slice(0, 16)}`;
}
