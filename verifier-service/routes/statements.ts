import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { STATEMENT_MAX_BYTES } from '@spondon/protocol/statement';
import type { Database } from '../database/schema.js';
import { type AcceptDeps, acceptStatements } from '../documents/statements.js';
import { facilityOf } from './authentication.js';
import { problem } from './schemas.js';

export interface StatementRoutes {
  readonly db: Database;
  readonly accept: AcceptDeps;
  readonly assertQueueHasRoom: () => void;
}

const MAX_STATEMENTS = 1000;

export const statementRoutes: FastifyPluginCallbackZod<StatementRoutes> = (
  app,
  { db, accept, assertQueueHasRoom },
  done,
) => {
  app.post(
    '/v1/statements',
    {
      bodyLimit: MAX_STATEMENTS * (STATEMENT_MAX_BYTES + 8) + 1024,
      schema: {
        tags: ['documents'],
        security: [{ apiKey: [] }],
        summary: 'Anchor statements that the facility signed with its own key',
        description: 'Each is judged by itself; sending one again is safe and tells its present state.',
        body: z.strictObject({
          statements: z.array(z.string().max(STATEMENT_MAX_BYTES)).min(1).max(MAX_STATEMENTS),
        }),
        response: {
          202: z.object({
            accepted: z.number().int(),
            results: z.array(
              z.object({
                documentId: z.string().nullable(),
                state: z.enum(['pending', 'anchored', 'refused']),
                code: z.string().optional(),
                message: z.string().optional(),
              }),
            ),
          }),
          default: problem,
        },
      },
    },
    async (request, reply) => {
      const { iss } = await facilityOf(db, request);
      assertQueueHasRoom();
      const results = await acceptStatements(accept, iss, request.body.statements);
      const accepted = results.filter(({ state }) => state !== 'refused').length;
      return reply.code(202).send({ accepted, results });
    },
  );
  done();
};
