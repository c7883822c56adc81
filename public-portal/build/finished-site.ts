import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const COMPRESSIBLE = /\.(?:html|js|css|svg|wasm|json|webmanifest|ttf)$/;
const PLACEHOLDER = '__FILES_OF_THIS_SITE__';
/** Of no use to the page itself without a network: the worker, what other sites load, what is not there, and sources. */
const NOT_KEPT = /^\/(?:(?:service-worker|embed)\.js|not-found\.html)$|\.map$/;
/** Above this the best effort takes half a minute for a seventh less. */
const LARGE_BYTES = 1_000_000;
const QUALITY_OF_LARGE = 9;

/** The page itself, which alone has scripts. */
const PAGE = '/index.html';
/** Which of them is needed the page knows only when it runs: one wait less, for a few KB more. */
const DICTIONARY = /\/words\/(?:en|bn)\.ts$/;

/**
 * What a built site still lacks: dictionaries fetched together with the page, Subresource Integrity of what its pages
 * load, the service worker's list of files, and a compressed copy of each file, made once with more effort than one
 * would take for every visitor.
 */
export function finishedSite(): Plugin {
  let folder = '';
  return {
    name: 'spondon-finished-site',
    apply: 'build',
    configResolved: (config) => {
      folder = join(config.root, config.build.outDir);
    },
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { path, bundle = {} }) =>
        Object.values(bundle)
          .filter(() => path === PAGE)
          .filter((file) => file.type === 'chunk' && DICTIONARY.test(file.facadeModuleId ?? ''))
          .map(({ fileName }) => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, href: `/${fileName}` },
            injectTo: 'head',
          })),
    },
    closeBundle: async () => {
      const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile() && !/\.(?:br|gz)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length))
        .sort();
      for (const page of files.filter((file) => file.endsWith('.html'))) await addIntegrity(folder, page);
      await listForServiceWorker(folder, files);
      await Promise.all(
        files.filter((file) => COMPRESSIBLE.test(file)).map((file) => compress(join(folder, file))),
      );
    },
  };
}

/** `<script src>` and `<link href>` of files of this site get the hash that the browser then insists on. */
async function addIntegrity(folder: string, page: string): Promise<void> {
  const html = await readFile(join(folder, page), 'utf8');
  const loads = /<(?:script|link)\b[^>]*?\b(?:src|href)="(\/assets\/[^"]+)"/g;
  const integrities = new Map<string, string>();
  for (const [, file = ''] of html.matchAll(loads)) {
    const digest = createHash('sha384')
      .update(await readFile(join(folder, file)))
      .digest('base64');
    integrities.set(file, `sha384-${digest}`);
  }
  await writeFile(
    join(folder, page),
    html.replace(loads, (tag, file: string) => `${tag} integrity="${integrities.get(file)}"`),
  );
}

/** With a version that changes whenever a file does: that is what makes browsers fetch the new ones. */
async function listForServiceWorker(folder: string, files: readonly string[]): Promise<void> {
  const hash = createHash('sha256');
  const listed = files.filter((file) => !NOT_KEPT.test(file));
  for (const file of listed) hash.update(file).update(await readFile(join(folder, file)));
  const worker = join(folder, 'service-worker.js');
  const source = await readFile(worker, 'utf8');
  const list = JSON.stringify({ version: hash.digest('hex').slice(0, 16), files: listed });
  await writeFile(
    worker,
    source.replace(new RegExp(`["'\`]${PLACEHOLDER}["'\`]`), () => JSON.stringify(list)),
  );
}

async function compress(path: string): Promise<void> {
  const content = await readFile(path);
  const quality = content.length > LARGE_BYTES ? QUALITY_OF_LARGE : constants.BROTLI_MAX_QUALITY;
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(content, { params }));
  await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
}
