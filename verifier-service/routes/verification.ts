import { createHash } from 'node:crypto';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { fromHex } from '@spondon/protocol/bytes';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { EVIDENCE_MEDIA_TYPE } from '@spondon/protocol/evidence/file';
import type { FileSlots } from '../file-slots.js';
import { filePart } from '../describe-route.js';
import { type EvidenceDeps, makeEvidence } from '../verify/evidence.js';
import { toServiceError } from '../problems.js';
import type { VisitorLimit } from '../visitor-limit.js';
import { allow } from './allowance.js';
import { verifyFile, type VerifyFileDeps } from '../verify/file.js';
import { type Answer, describeJudgement } from '../verify/answer.js';
import { ask, type Asked, askOneOfMany } from '../verify/ask.js';
import type { Finder } from '../verify/find.js';
import { inTurns } from '../verify/in-turns.js';
import { askedItem, documentCode, MAX_BATCH, problem, sha256Hex } from './schemas.js';
import { streamUpload } from './upload.js';
import { fileVerification, verification } from './verification-answer.js';

export interface VerificationRoutes {
  readonly finder: Finder;
  readonly file: VerifyFileDeps;
  readonly evidence: EvidenceDeps;
  readonly limit: VisitorLimit;
  readonly admitUpload: FileSlots;
  readonly now: () => number;
}

/** What an answer costs a visitor's allowance, against 1 for a look-up. */
const EVIDENCE_COST = 2;
const FILE_COST = 10;

const tags = ['verification'];

const batch = z.strictObject({ items: z.array(askedItem({}, {})).min(1).max(MAX_BATCH) });
const failure = z.object({ code: z.string(), message: z.string() });

export const verificationRoutes: FastifyPluginCallbackZod<VerificationRoutes> = (app, options, done) => {
  const { finder, limit, now } = options;
  // Answers are made member by member, and their types are those of the schemas: walking each one once more along its
  // schema took 7 % of the time of a look-up. Tests hold them against the schemas.
  app.setSerializerCompiler(() => (answered) => JSON.stringify(answered));

  const answerTo = async (asked: Asked): Promise<Answer> =>
    describeJudgement(await ask({ finder, now }, asked));
  const byHash = (sha256: string): Promise<Answer> => answerTo({ sha256: fromHex(sha256) });

  app.get(
    '/v1/verify/:sha256',
    {
      schema: {
        tags,
        summary: 'Verify a file by its SHA-256',
        params: z.object({ sha256: sha256Hex }),
        response: { 200: verification, default: problem },
      },
    },
    async (request, reply) => {
      await allow(limit, request, reply, 1);
      return byHash(request.params.sha256);
    },
  );

  app.get(
    '/v1/verify',
    {
      schema: {
        tags,
        summary: 'Verify a printed code',
        querystring: z.object({ code: documentCode }),
        response: { 200: verification, default: problem },
      },
    },
    async (request, reply) => {
      await allow(limit, request, reply, 1);
      return answerTo({ code: request.query.code });
    },
  );

  app.post(
    '/v1/verify',
    {
      schema: {
        tags,
        summary: 'Verify a file by sending it',
        description:
          'multipart/form-data with one `file`, of any size; in a PDF or picture up to 25 MB, codes are looked for on ' +
          'every page. Nothing of it is kept. Sending only its SHA-256 to GET /v1/verify/{sha256} keeps the file with you.',
        consumes: ['multipart/form-data'],
        response: { 200: fileVerification, default: problem },
      },
      config: { parts: z.object({ file: filePart }) },
    },
    async (request, reply) => {
      await allow(limit, request, reply, FILE_COST);
      return options.admitUpload(async () => {
        const hash = createHash('sha256');
        return verifyFile(options.file, hash, (consume) => streamUpload(request, consume));
      });
    },
  );

  app.post(
    '/v1/verify/batch',
    {
      schema: {
        tags,
        summary: 'Verify up to 500 hashes or codes',
        description:
          'Each gets a verdict of its own, in the order asked: `unavailable` where nobody can tell at the moment.',
        body: batch,
        response: { 200: z.object({ results: z.array(verification) }), default: problem },
      },
    },
    async (request, reply) => {
      const { items } = request.body;
      await allow(limit, request, reply, items.length);
      const results = await inTurns(items, async (each) => {
        return describeJudgement(await askOneOfMany({ finder, now }, askedBy(each)));
      });
      return { results };
    },
  );

  app.get(
    '/v1/documents/:id/evidence',
    {
      schema: {
        tags,
        summary: 'Evidence that a document is anchored, to be verified without this service',
        params: z.object({ id: documentCode }),
        produces: [EVIDENCE_MEDIA_TYPE],
      },
    },
    async (request, reply) => {
      await allow(limit, request, reply, EVIDENCE_COST);
      const text = await makeEvidence(options.evidence, { code: request.params.id });
      return reply
        .type(EVIDENCE_MEDIA_TYPE)
        .header(
          'content-disposition',
          `attachment; filename="${formatDocumentId(request.params.id)}.evidence.json"`,
        )
        .send(text);
    },
  );

  app.post(
    '/v1/evidence',
    {
      schema: {
        tags,
        summary: 'Evidence of up to 500 documents',
        body: batch,
        response: {
          200: z.object({
            results: z.array(
              z.union([
                z.object({ evidence: z.string().describe('the evidence file') }),
                z.object({ error: failure }),
              ]),
            ),
          }),
          default: problem,
        },
      },
    },
    async (request, reply) => {
      const { items } = request.body;
      await allow(limit, request, reply, EVIDENCE_COST * items.length);
      const results = await inTurns(items, async (each) => {
        return makeEvidence(options.evidence, askedBy(each)).then(
          (evidence) => ({ evidence }),
          (error: unknown) => ({ error: toFailure(error) }),
        );
      });
      return { results };
    },
  );

  done();
};

function askedBy(item: z.infer<typeof batch>['items'][number]) {
  return 'code' in item ? item : { sha256: fromHex(item.sha256) };
}

/** An item's own failure; what is a fault here fails the whole request, and is logged. */
function toFailure(error: unknown): { code: string; message: string } {
  const { code, message } = toServiceError(error);
  if (code === 'INTERNAL') throw error;
  return { code, message };
}
