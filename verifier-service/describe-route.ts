import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Parts of a multipart body. Under `schema.body` they would be checked at once, which no stream can be. */
    readonly parts?: z.ZodObject;
  }
}

/** A part that is a file, of whatever type. */
export const filePart = z.string().meta({ format: 'binary' });

/** What OpenAPI says of a route: its schemas, and what a multipart body consists of. */
export const describeRoute: typeof jsonSchemaTransform = (described) => {
  const { schema, route } = described;
  const parts = route.config?.parts;
  return jsonSchemaTransform(parts ? { ...described, schema: { ...schema, body: parts } } : described);
};
