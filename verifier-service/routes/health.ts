import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import type { Registry } from 'prom-client';
import { z } from 'zod';

export interface HealthRoutes {
  readonly metrics: Registry;
  /** Brings gauges up to date before they are read. */
  readonly refresh: () => Promise<void>;
  /** What keeps the service from doing its work, in words for the operator; empty when nothing does. */
  readonly problems: () => Promise<readonly string[]>;
  /** What is wrong, in the same words, and keeps it from nothing for now. */
  readonly warnings: () => readonly string[];
}

const health = z.object({
  status: z.enum(['ok', 'failing']),
  problems: z.array(z.string()),
  warnings: z.array(z.string()),
});

export const healthRoutes: FastifyPluginCallbackZod<HealthRoutes> = (
  app,
  { metrics, refresh, problems, warnings },
  done,
) => {
  const tags = ['operation'];
  app.get(
    '/health/live',
    {
      schema: {
        tags,
        summary: 'The process answers',
        response: { 200: z.object({ status: z.literal('ok') }) },
      },
    },
    () => ({ status: 'ok' as const }),
  );
  app.get(
    '/health/ready',
    { schema: { tags, summary: 'The service can do its work', response: { 200: health, 503: health } } },
    async (_request, reply) => {
      const found = [...(await problems())];
      const status = found.length === 0 ? ('ok' as const) : ('failing' as const);
      return reply
        .code(status === 'ok' ? 200 : 503)
        .send({ status, problems: found, warnings: [...warnings()] });
    },
  );
  app.get('/metrics', { schema: { tags, summary: 'Prometheus metrics' } }, async (_request, reply) => {
    await refresh();
    return reply.type(metrics.contentType).send(await metrics.metrics());
  });
  done();
};
