import { createHash } from 'node:crypto';
import { finished } from 'node:stream/promises';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { REVOCATION_REASONS } from '@spondon/protocol/statement';
import type { Database } from '../database/schema.js';
import { type Idempotent, type InProgress, once } from '../documents/idempotency.js';
import { type IssueDeps, issueDocument, type Issued } from '../documents/issue.js';
import { type DocumentFile, openDocumentFile, type OpenFileDeps } from '../documents/file.js';
import { type EraseDeps, eraseDocument } from '../documents/erase.js';
import { getDocument, listDocuments, type ReadDeps } from '../documents/read.js';
import { type Revoked, type RevokeDeps, revokeDocument } from '../documents/revoke.js';
import { filePart } from '../describe-route.js';
import { ServiceError } from '../error.js';
import type { FileSlots } from '../file-slots.js';
import { facilityOf } from './authentication.js';
import {
  documentCode,
  documentKind,
  documentView,
  isoTime,
  issueDetails,
  issued,
  patientId,
  problem,
} from './schemas.js';
import { readUpload } from './upload.js';

export interface DocumentRoutes {
  readonly db: Database;
  readonly issue: IssueDeps;
  readonly revoke: RevokeDeps;
  readonly read: ReadDeps;
  readonly file: OpenFileDeps;
  readonly erase: EraseDeps;
  readonly admitUpload: FileSlots;
  readonly admitDownload: FileSlots;
  /** Throws `OVERLOADED` while too much waits to be anchored. */
  readonly assertQueueHasRoom: () => void;
}

const byId = z.object({ id: documentCode });
const security = [{ apiKey: [] }];
const tags = ['documents'];

export const documentRoutes: FastifyPluginCallbackZod<DocumentRoutes> = (app, options, done) => {
  const { db } = options;
  const inProgress: InProgress = new Set();

  app.post(
    '/v1/documents',
    {
      schema: {
        tags,
        security,
        summary: 'Issue a document',
        description:
          'multipart/form-data: `file` (PDF, PNG or JPEG, at most 25 MB) and `details` (JSON). Answers once the ' +
          'encrypted file is stored and the signed statement durably queued. An `Idempotency-Key` header makes a ' +
          'repeated request safe.',
        consumes: ['multipart/form-data'],
        response: { 201: issued, default: problem },
      },
      config: { parts: z.object({ file: filePart, details: issueDetails }) },
    },
    async (request, reply) => {
      const { iss, keyId } = await facilityOf(db, request);
      options.assertQueueHasRoom();
      const answer = await options.admitUpload(async () => {
        const { file, details } = await readUpload(request);
        const parsed = parseDetails(details);
        const idempotent = idempotentOf(request, keyId, [file, JSON.stringify(parsed)]);
        return once<Issued>(db, inProgress, idempotent, async () => {
          const { kind, claims, ...rest } = parsed;
          // The schema pairs each kind with its facts, which a spread of the union no longer shows.
          const content = { kind, ...claims } as Parameters<typeof issueDocument>[1]['content'];
          return {
            status: 201,
            body: await issueDocument(options.issue, { iss, file, content, ...rest, idempotent }),
          };
        });
      });
      return reply.code(201).send(answer.body);
    },
  );

  app.get(
    '/v1/documents',
    {
      schema: {
        tags,
        security,
        summary: "The facility's documents, newest first",
        querystring: z.object({
          limit: z.coerce.number().int().min(1).max(200).default(50),
          cursor: z.string().max(64).optional().describe('`next` of the page before'),
          kind: documentKind.optional(),
          patientId: patientId.optional(),
        }),
        response: {
          200: z.object({ documents: z.array(documentView), next: z.string().optional() }),
          default: problem,
        },
      },
    },
    async (request) => listDocuments(options.read, (await facilityOf(db, request)).iss, request.query),
  );

  app.get(
    '/v1/documents/:id',
    {
      schema: {
        tags,
        security,
        summary: 'One document and its state',
        params: byId,
        response: { 200: documentView, default: problem },
      },
    },
    async (request) => getDocument(options.read, (await facilityOf(db, request)).iss, request.params.id),
  );

  app.get(
    '/v1/documents/:id/file',
    {
      schema: {
        tags,
        security,
        summary: 'The stamped file, for its issuer',
        params: byId,
        produces: ['application/pdf'],
      },
    },
    async (request, reply) => {
      const { iss } = await facilityOf(db, request);
      await options.admitDownload(async () => {
        const file: DocumentFile = await openDocumentFile(options.file, iss, request.params.id);
        void reply
          .type('application/pdf')
          .header('content-length', file.bytes.length)
          .header('content-disposition', `attachment; filename="${file.name}"`)
          .header('cache-control', 'private, no-store')
          .send(file.bytes);
        // It is held until the last byte is sent, or the other side has gone.
        await finished(reply.raw).catch(() => undefined);
      });
      return reply;
    },
  );

  app.delete(
    '/v1/documents/:id/file',
    {
      schema: {
        tags,
        security,
        summary: 'Erase the stamped file, for ever',
        description:
          'Destroys its key and removes the encrypted file. The statement stays on the ledger, so whoever holds the ' +
          'file can still verify it. Asked again, it answers alike.',
        params: byId,
        response: {
          200: z.object({ documentId: z.string(), erasedAt: isoTime, completeAt: isoTime }),
          default: problem,
        },
      },
    },
    async (request) => {
      const { iss, keyId: apiKey } = await facilityOf(db, request);
      return eraseDocument(options.erase, { iss, jti: request.params.id, apiKey });
    },
  );

  app.post(
    '/v1/documents/:id/revocation',
    {
      schema: {
        tags,
        security,
        summary: 'Revoke a document',
        description: 'A replacement revokes by itself: issue it with `supersedes`.',
        params: byId,
        body: z.strictObject({ reason: z.enum(REVOCATION_REASONS).exclude(['superseded']) }),
        response: {
          202: z.object({ documentId: z.string(), reason: z.string(), state: z.literal('pending') }),
          default: problem,
        },
      },
    },
    async (request, reply) => {
      const { iss, keyId } = await facilityOf(db, request);
      const { id: jti } = request.params;
      const { reason } = request.body;
      const idempotent = idempotentOf(request, keyId, ['revoke', jti, reason]);
      const answer = await once<Revoked>(db, inProgress, idempotent, async () => ({
        status: 202,
        body: await revokeDocument(options.revoke, { iss, jti, reason, idempotent }),
      }));
      return reply.code(202).send(answer.body);
    },
  );

  done();
};

function parseDetails(details: unknown): z.infer<typeof issueDetails> {
  if (details === undefined) throw new ServiceError('REQUEST_INVALID', "There is no part named 'details'");
  const parsed = issueDetails.safeParse(details);
  if (parsed.success) return parsed.data;
  // Paths and what is wrong, never the value: it may be a name.
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const [first] = errors;
  throw new ServiceError(
    'DETAILS_INVALID',
    `details${first?.path ? `.${first.path}` : ''}: ${first?.message ?? 'invalid'}`,
    {
      details: errors,
    },
  );
}

function idempotentOf(
  request: FastifyRequest,
  caller: string,
  content: readonly (string | Uint8Array)[],
): Idempotent | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new ServiceError('REQUEST_INVALID', 'Idempotency-Key must be 1 to 128 printable ASCII characters');
  }
  const digest = createHash('sha256');
  for (const part of content) digest.update(createHash('sha256').update(part).digest());
  return { caller, key, request: digest.digest() };
}
