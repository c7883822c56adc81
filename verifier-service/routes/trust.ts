import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Issuer } from '@spondon/protocol/records';
import { describeIssuer } from '../facilities/describe.js';
import type { VisitorLimit } from '../visitor-limit.js';
import { allow } from './allowance.js';
import { issuerView, problem } from './schemas.js';

export interface TrustRoutes {
  /** The present trust bundle's text. */
  readonly trustBundle: () => Promise<string>;
  readonly issuers: () => ReadonlyMap<string, Issuer>;
  readonly limit: VisitorLimit;
}

const tags = ['verification'];

export const trustRoutes: FastifyPluginCallbackZod<TrustRoutes> = (
  app,
  { trustBundle, issuers, limit },
  done,
) => {
  app.get(
    '/v1/trust',
    {
      schema: {
        tags,
        summary: 'The trust bundle: whose signatures count, and by which rule',
        description:
          'Take it from more than one place, or compare its fingerprint: it is what offline checks rest on.',
      },
    },
    async (request, reply) => {
      await allow(limit, request, reply, 1);
      return reply
        .type('application/jose+json')
        .header('cache-control', 'public, max-age=300')
        .send(await trustBundle());
    },
  );
  app.get(
    '/v1/issuers',
    {
      schema: {
        tags,
        summary: 'Every facility that was ever admitted, with its keys',
        response: { 200: z.object({ issuers: z.array(issuerView) }), default: problem },
      },
    },
    async (request, reply) => {
      await allow(limit, request, reply, 1);
      void reply.header('cache-control', 'public, max-age=60');
      return { issuers: [...issuers()].map(([issuerId, issuer]) => describeIssuer(issuerId, issuer)) };
    },
  );
  done();
};
