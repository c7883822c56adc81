import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isPrintable } from '@spondon/protocol/facts';
import { isKeyId } from '@spondon/protocol/jws';
import type { Issuer } from '@spondon/protocol/records';
import { isIssuerId } from '@spondon/protocol/statement';
import type { Database } from '../database/schema.js';
import { issueApiKey, revokeApiKey } from '../facilities/api-keys.js';
import type { Registrar } from '../facilities/registrar.js';
import { ServiceError } from '../error.js';
import { describeIssuer } from '../facilities/describe.js';
import { assertOperator } from './authentication.js';
import { documentCode, issuerKind, issuerView, problem } from './schemas.js';

export interface AdministrationRoutes {
  readonly db: Database;
  readonly registrar: Registrar;
  readonly issuer: (iss: string) => Issuer | undefined;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

const issuerId = z.string().refine(isIssuerId, 'must be a registry code such as bd.dghs.10012345');
const byId = z.object({ id: issuerId });
/** Stands on paper and in answers. Brought into the one form that the contract takes. */
const printed = (most: number) =>
  z
    .string()
    .trim()
    .normalize('NFC')
    .min(1)
    .max(most)
    .refine(isPrintable, 'has a character that cannot be printed, or shows nothing');
const base64url = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
const publicJwk = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: base64url,
  y: base64url,
});
const response = { 200: issuerView, default: problem };
const shared = { tags: ['administration'], security: [{ apiKey: [] }] };

export const administrationRoutes: FastifyPluginCallbackZod<AdministrationRoutes> = (app, options, done) => {
  const { db, registrar } = options;
  app.addHook('onRequest', (request) => assertOperator(db, request));

  app.post(
    '/v1/issuers',
    {
      schema: {
        ...shared,
        summary: 'Admit a facility',
        body: z.strictObject({
          issuerId,
          name: printed(120),
          kind: issuerKind,
          licence: printed(64),
          telephone: z
            .string()
            .regex(/^\+?[0-9 ()-]{5,24}$/, 'must be a telephone number such as +880 2 5566 7788'),
          jwk: publicJwk
            .optional()
            .describe("the facility's public key, when it signs at home; else the service makes a key pair"),
        }),
        response: { 201: issuerView, default: problem },
      },
    },
    async (request, reply) => {
      const { issuerId: iss, ...admission } = request.body;
      return reply.code(201).send(describeIssuer(iss, await registrar.admit({ iss, ...admission })));
    },
  );

  app.post(
    '/v1/issuers/:id/suspension',
    { schema: { ...shared, summary: 'Suspend a facility', params: byId, response } },
    async ({ params: { id } }) => describeIssuer(id, await registrar.suspend(id)),
  );

  app.delete(
    '/v1/issuers/:id/suspension',
    { schema: { ...shared, summary: 'Reinstate a suspended facility', params: byId, response } },
    async ({ params: { id } }) => describeIssuer(id, await registrar.reinstate(id)),
  );

  app.post(
    '/v1/issuers/:id/keys',
    {
      schema: {
        ...shared,
        summary: "Rotate a facility's signing key",
        params: byId,
        body: z.strictObject({
          why: z.enum(['rotated', 'compromised']).default('rotated'),
          jwk: publicJwk.optional().describe('the new public key, for a facility that signs at home'),
        }),
        response,
      },
    },
    async ({ params: { id }, body }) => describeIssuer(id, await registrar.rotateKey(id, body.why, body.jwk)),
  );

  app.post(
    '/v1/issuers/:id/keys/:kid/end',
    {
      schema: {
        ...shared,
        summary: 'End a signing key, also in the past when it is compromised',
        description:
          'A `rotated` key ends once what it signed is anchored, or later. A `compromised` one ends now or in the ' +
          'past: what was anchored from then on fails, what was anchored before stands.',
        params: z.object({ id: issuerId, kid: z.string().refine(isKeyId, 'must be a key id') }),
        body: z.strictObject({
          why: z.enum(['rotated', 'compromised']),
          since: z.iso
            .datetime({ offset: true })
            .transform((text) => Date.parse(text))
            .optional()
            .describe('first moment at which the key is no longer good; now when absent')
            .meta({ examples: ['2026-03-14T08:30:00+06:00'] }),
        }),
        response,
      },
    },
    async ({ params: { id, kid }, body }) => describeIssuer(id, await registrar.endKey(id, kid, body)),
  );

  app.post(
    '/v1/issuers/:id/documents/:code/annulment',
    {
      schema: {
        ...shared,
        summary: 'Annul the revocation of a document: it stands again',
        description: 'Of a revocation that is anchored. The facility may revoke the document again.',
        params: z.object({ id: issuerId, code: documentCode }),
        response: { 204: z.null(), default: problem },
      },
    },
    async ({ params: { id, code } }, reply) => {
      await registrar.annul(id, code);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/v1/issuers/:id/api-keys',
    {
      schema: {
        ...shared,
        summary: 'Issue an API key to a facility; it is shown this once',
        params: byId,
        response: {
          201: z.object({ id: z.string(), issuerId: z.string(), apiKey: z.string() }),
          default: problem,
        },
      },
    },
    async ({ params: { id: iss } }, reply) => {
      if (!options.issuer(iss)) throw new ServiceError('ISSUER_UNKNOWN', `No facility ${iss} is admitted`);
      const { id, text } = await issueApiKey(db, iss, options.now(), options.random);
      return reply.code(201).send({ id, issuerId: iss, apiKey: text });
    },
  );

  app.delete(
    '/v1/api-keys/:id',
    {
      schema: {
        ...shared,
        summary: 'End an API key',
        params: z.object({ id: z.string().regex(/^[0-9a-f]{16}$/) }),
        response: { 204: z.null(), default: problem },
      },
    },
    async ({ params: { id } }, reply) => {
      await revokeApiKey(db, id, options.now());
      return reply.code(204).send(null);
    },
  );

  done();
};
