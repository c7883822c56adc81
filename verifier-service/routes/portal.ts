import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';
import { join } from 'node:path';

export interface PortalRoutes {
  /** Folder with the built page. */
  readonly site: string;
}

/** Addresses that open the page; what stands in them it reads itself. */
const PAGE_ADDRESSES = ['/', '/v', '/d/:code'];
/** Files with a fixed name, asked for anew each time. */
const FIXED_FILES = ['service-worker.js', 'mark.svg'];
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** Nothing from elsewhere, nothing inline; WebAssembly for reading codes and PDFs. */
const CONTENT_SECURITY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types spondon',
].join(';');

/** The public portal: files of `public-portal/site`, as they were built and compressed. */
export const portalRoutes: FastifyPluginAsync<PortalRoutes> = async (app, { site }) => {
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers({
      'content-security-policy': CONTENT_SECURITY,
      'permissions-policy': 'camera=(self), geolocation=(), microphone=()',
    });
    done();
  });
  await app.register(fastifyStatic, {
    root: join(site, 'assets'),
    prefix: '/assets/',
    preCompressed: true,
    // Their names change with their contents.
    immutable: true,
    maxAge: YEAR_MS,
    index: false,
  });
  const fixed = { root: site, immutable: false, maxAge: 0 };
  for (const address of PAGE_ADDRESSES) {
    app.get(address, { schema: { hide: true } }, (_request, reply) =>
      reply.sendFile('index.html', site, fixed),
    );
  }
  for (const name of FIXED_FILES) {
    app.get(`/${name}`, { schema: { hide: true } }, (_request, reply) => reply.sendFile(name, site, fixed));
  }
};
