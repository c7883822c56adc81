import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface PortalRoutes {
  /** Folder with the built page. */
  readonly site: string;
}

/** Addresses that open the page; what stands in them it reads itself. */
const PAGE_ADDRESSES = ['/', '/v', '/d/:code'];
/** The same page for other sites to show in a frame. */
const EMBEDDED_ADDRESS = '/embed';
/** Files with a fixed name, asked for anew each time. */
const FIXED_FILES = ['service-worker.js', 'mark.svg'];
/** What other sites load to make that frame. */
const EMBED_SCRIPT = 'embed.js';
/** Addresses of programs, which get problem details whatever they accept. */
const FOR_PROGRAMS = /^\/(?:v1|health|logs|metrics|docs|openapi\.json|assets)(?:[/?]|$)/;
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** Nothing from elsewhere, nothing inline; WebAssembly for reading codes and PDFs. */
const contentSecurity = (framedBy: "'none'" | '*'): string =>
  [
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
    `frame-ancestors ${framedBy}`,
    "require-trusted-types-for 'script'",
    'trusted-types spondon',
  ].join(';');
const UNFRAMED = contentSecurity("'none'");
/** By any site: the page knows nobody and keeps nothing, so that no click in it can be turned against its visitor. */
const FRAMED = contentSecurity('*');
const HEADERS = {
  'content-security-policy': UNFRAMED,
  'permissions-policy': 'camera=(self), geolocation=(), microphone=()',
};

/** The public portal: files of `public-portal/site`, as they were built and compressed. */
export const portalRoutes: FastifyPluginAsync<PortalRoutes> = async (app, { site }) => {
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(HEADERS);
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
  app.get(EMBEDDED_ADDRESS, { schema: { hide: true } }, (_request, reply) => {
    void reply.removeHeader('x-frame-options');
    void reply.headers({ 'content-security-policy': FRAMED, 'cross-origin-resource-policy': 'cross-origin' });
    return reply.sendFile('index.html', site, fixed);
  });
  app.get(`/${EMBED_SCRIPT}`, { schema: { hide: true } }, (_request, reply) => {
    void reply.headers({
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    });
    return reply.sendFile(EMBED_SCRIPT, site, fixed);
  });
  for (const name of FIXED_FILES) {
    app.get(`/${name}`, { schema: { hide: true } }, (_request, reply) => reply.sendFile(name, site, fixed));
  }
};

/** Whether a person went to this address: browsers then say that they take a page, and programs do not. */
export function isOpenedByAPerson({ method, url, headers }: FastifyRequest): boolean {
  const isReading = method === 'GET' || method === 'HEAD';
  return isReading && !FOR_PROGRAMS.test(url) && /\btext\/html\b/i.test(headers.accept ?? '');
}

/** For a person who opened an address at which there is nothing. */
export async function sendNothingHere(reply: FastifyReply, { site }: PortalRoutes): Promise<FastifyReply> {
  const page = await readFile(join(site, 'not-found.html'));
  return reply.code(404).headers(HEADERS).type('text/html; charset=utf-8').send(page);
}
