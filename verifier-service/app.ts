import multipart from '@fastify/multipart';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { randomUUID } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { describeRoute } from './describe-route.js';
import { ServiceError } from './error.js';
import type { Metrics } from './metrics.js';
import { sendProblem, sendUnreadable } from './problems.js';
import { watchReserveConnections } from './reserve-connections.js';
import { administrationRoutes, type AdministrationRoutes } from './routes/administration.js';
import { documentRoutes, type DocumentRoutes } from './routes/documents.js';
import { isOpenedByAPerson, portalRoutes, type PortalRoutes, sendNothingHere } from './routes/portal.js';
import { healthRoutes, type HealthRoutes } from './routes/health.js';
import { reportRoutes, type ReportRoutes } from './routes/reports.js';
import { statementRoutes, type StatementRoutes } from './routes/statements.js';
import { trustRoutes, type TrustRoutes } from './routes/trust.js';
import { verificationRoutes, type VerificationRoutes } from './routes/verification.js';
import { securityHeaders } from './security-headers.js';

export interface AppOptions {
  readonly logger: FastifyBaseLogger;
  readonly tls: SecureContextOptions | null;
  /** Proxies in front, see SPONDON_TRUST_PROXY. */
  readonly trustProxy: readonly string[];
  readonly metrics: Pick<Metrics, 'requests'>;
  readonly documents: DocumentRoutes;
  readonly statements: StatementRoutes;
  readonly verification: VerificationRoutes;
  readonly reports: ReportRoutes;
  readonly trust: TrustRoutes;
  readonly administration: AdministrationRoutes;
  readonly health: HealthRoutes;
  readonly portal: PortalRoutes;
  /** Told of every error that a request ends with. */
  readonly onError: (error: Error) => void;
}

/** The HTTP service, ready to listen or to be injected into; what it works with comes in. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    loggerInstance: options.logger,
    https: options.tls,
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    // Our own line below: no URL, since a look-up's URL says whose document somebody asks about.
    logController: new LogController({ disableRequestLogging: true }),
    routerOptions: { maxParamLength: 128 },
    forceCloseConnections: 'idle',
    // Nobody may hold a connection, or a place for an upload, by sending slowly for ever.
    connectionTimeout: SILENCE_MS,
    requestTimeout: REQUEST_MS,
    clientErrorHandler: sendUnreadable,
    frameworkErrors: (error, request, reply) => void sendProblem(misplaced(error), request, reply),
    // Fastify would load its own compilers before it is told of ours: a tenth of the time of a start.
    schemaController: { compilersFactory: { buildValidator: notUsed, buildSerializer: notUsed } },
  });
  const endReserveConnections = watchReserveConnections(app.server);
  app.addHook('preClose', (done) => {
    endReserveConnections();
    done();
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) => {
    void reply.header('vary', 'accept');
    if (isOpenedByAPerson(request)) return sendNothingHere(reply, options.portal);
    const nothing = new ServiceError('NOT_FOUND', 'There is nothing here; /docs lists what there is');
    return sendProblem(nothing, request, reply);
  });
  const headers = securityHeaders({ hsts: options.tls !== null });
  // Answers change, and may be about a patient; what may be kept says so itself.
  const headersOfAnswers = { ...headers, 'cache-control': 'no-store' };
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(request.url.startsWith('/v1/') ? headersOfAnswers : headers);
    void reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onError', (_request, _reply, error, done) => {
    options.onError(error);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const milliseconds = Math.round(reply.elapsedTime * 10) / 10;
    const route = routeOptions.url ?? 'unknown';
    options.metrics.requests.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    request.log.info({ method, route, status: reply.statusCode, milliseconds }, 'answered');
    done();
  });

  await app.register(multipart, {
    limits: { parts: 4, files: 2, headerPairs: 64, fileSize: Infinity },
  });
  await app.register(swagger, { openapi: OPENAPI, transform: describeRoute });
  await app.register(swaggerUi, { routePrefix: '/docs', theme: { title: 'Spondon API' } });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());

  await app.register(healthRoutes, options.health);
  await app.register(documentRoutes, options.documents);
  await app.register(statementRoutes, options.statements);
  await app.register(verificationRoutes, options.verification);
  await app.register(reportRoutes, options.reports);
  await app.register(trustRoutes, options.trust);
  await app.register(administrationRoutes, options.administration);
  await app.register(portalRoutes, options.portal);
  return app;
}

function notUsed(): never {
  throw new Error('Schemas are of zod here, and need the compilers that are set for them');
}

/** An address of ours that cannot be read; the error's own words would repeat it. */
function misplaced({ code }: { readonly code: string }): ServiceError {
  const readable = code !== 'FST_ERR_BAD_URL';
  return new ServiceError(
    'REQUEST_INVALID',
    readable ? 'A part of this address is too long' : 'This address is not well-formed',
  );
}

/** Without a byte either way. Longer than anything here takes to answer. */
const SILENCE_MS = 120_000;
/** Until a request has arrived whole: 25 MB over half a megabit a second. */
const REQUEST_MS = 420_000;

const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'Spondon',
    description:
      'Issue, anchor and verify documents. Errors are RFC 9457 problem details with a stable `code`. ' +
      'Verification needs no key; a file need not leave your computer: its SHA-256 is enough.',
    version: '1',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  tags: [
    { name: 'verification', description: 'for anybody, without a key' },
    { name: 'documents', description: "for facilities, with the facility's API key" },
    { name: 'administration', description: "for the operator, with the operator's key" },
    { name: 'operation', description: 'health and metrics' },
  ],
  components: { securitySchemes: { apiKey: { type: 'http' as const, scheme: 'bearer' } } },
};
