import type { FastifyReply } from 'fastify';
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isPrintable } from '@spondon/protocol/facts';
import { isKeyId } from '@spondon/protocol/jws';
import { isMspId, type Issuer } from '@spondon/protocol/records';
import { isIssuerId } from '@spondon/protocol/statement';
import type { Database } from '../database/schema.js';
import { issueApiKey, revokeApiKey } from '../facilities/api-keys.js';
import type { Decided, Registrar } from '../facilities/registrar.js';
import { ServiceError } from '../error.js';
import { describeIssuer, describeProposal } from '../facilities/describe.js';
import { assertOperator } from './authentication.js';
import { documentCode, issuerKind, issuerView, problem, proposalView } from './schemas.js';

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
const response = { 200: issuerView, 202: proposalView, default: problem };
const admission = {
  issuerId,
  name: printed(120),
  kind: issuerKind,
  licence: printed(64),
  telephone: z.string().regex(/^\+?[0-9 ()-]{5,24}$/, 'must be a telephone number such as +880 2 5566 7788'),
  jwk: publicJwk
    .optional()
    .describe("the facility's public key, when it signs at home; else the service makes a key pair"),
};
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
        description: 'By the regulators together: 202 while the votes of others are missing.',
        body: z.strictObject({
          ...admission,
          organisation: z
            .string()
            .refine(isMspId, 'must be an MSP id')
            .optional()
            .describe('whose deployment issues for it; our own unless said'),
        }),
        response: { 201: issuerView, 202: proposalView, default: problem },
      },
    },
    async (request, reply) => {
      const { issuerId: iss, ...facts } = request.body;
      const decided = await registrar.admit({ iss, ...facts });
      if ('proposal' in decided) return reply.code(202).send(describeProposal(decided.proposal));
      return reply.code(201).send(describeIssuer(iss, decided.issuer));
    },
  );

  app.post(
    '/v1/admission-requests',
    {
      schema: {
        ...shared,
        summary: "Prepare a facility's admission by the regulators",
        description:
          'Makes the keys of the facility, which stay here, and answers what each regulator sends to its own ' +
          'deployment as the body of POST /v1/issuers. Asked again, the answer is the same until it is admitted.',
        body: z.strictObject(admission),
        response: {
          200: z.object({ ...admission, organisation: z.string(), jwk: publicJwk }),
          default: problem,
        },
      },
    },
    async ({ body: { issuerId: iss, ...facts } }) => {
      const { iss: id, ...request } = await registrar.requestAdmission({ iss, ...facts });
      return { issuerId: id, ...request, jwk: publicJwk.parse(request.jwk) };
    },
  );

  app.post(
    '/v1/issuers/:id/key-requests',
    {
      schema: {
        ...shared,
        summary: 'Prepare the next key of a facility, for the regulators to admit',
        params: byId,
        response: { 200: z.object({ issuerId: z.string(), jwk: publicJwk }), default: problem },
      },
    },
    async ({ params: { id } }) => ({
      issuerId: id,
      jwk: publicJwk.parse(await registrar.requestKey(id)),
    }),
  );

  app.get(
    '/v1/decisions',
    {
      schema: {
        ...shared,
        summary: 'What regulators have proposed, and not yet decided',
        response: { 200: z.object({ decisions: z.array(proposalView) }), default: problem },
      },
    },
    () => ({ decisions: registrar.proposals().map(describeProposal) }),
  );

  app.post(
    '/v1/decisions/:decision/vote',
    {
      schema: {
        ...shared,
        summary: 'Vote for what another regulator proposed',
        description: 'The last vote carries it out. Voting twice changes nothing.',
        params: z.object({ decision: z.string().regex(/^[0-9a-f]{64}$/, 'must be the id of a decision') }),
        response: { 200: z.object({ state: z.literal('decided') }), 202: proposalView, default: problem },
      },
    },
    async ({ params: { decision } }, reply) => {
      const proposal = await registrar.confirm(decision);
      if (proposal) return reply.code(202).send(describeProposal(proposal));
      return reply.code(200).send({ state: 'decided' });
    },
  );

  app.post(
    '/v1/issuers/:id/suspension',
    { schema: { ...shared, summary: 'Suspend a facility', params: byId, response } },
    async ({ params: { id } }, reply) => sendDecided(reply, id, await registrar.suspend(id)),
  );

  app.delete(
    '/v1/issuers/:id/suspension',
    { schema: { ...shared, summary: 'Reinstate a suspended facility', params: byId, response } },
    async ({ params: { id } }, reply) => sendDecided(reply, id, await registrar.reinstate(id)),
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
    async ({ params: { id }, body }, reply) =>
      sendDecided(reply, id, await registrar.rotateKey(id, body.why, body.jwk)),
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
    async ({ params: { id, kid }, body }, reply) =>
      sendDecided(reply, id, await registrar.endKey(id, kid, body)),
  );

  app.post(
    '/v1/issuers/:id/documents/:code/annulment',
    {
      schema: {
        ...shared,
        summary: 'Annul the revocation of a document: it stands again',
        description: 'Of a revocation that is anchored. The facility may revoke the document again.',
        params: z.object({ id: issuerId, code: documentCode }),
        response: { 202: proposalView, 204: z.null(), default: problem },
      },
    },
    async ({ params: { id, code } }, reply) => {
      const proposal = await registrar.annul(id, code);
      if (proposal) return reply.code(202).send(describeProposal(proposal));
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

/** The facility as it is now; or, with 202, what waits for other regulators. */
function sendDecided(reply: FastifyReply, iss: string, decided: Decided) {
  if ('proposal' in decided) return reply.code(202).send(describeProposal(decided.proposal));
  return reply.code(200).send(describeIssuer(iss, decided.issuer));
}
