import { PDFiumModule } from '@hyzyla/pdfium';
import { ServiceError } from '../error.js';
import { MAX_RENDERER_BYTES } from '../intake/limits.js';
import { openPageView, type PageView, type Pdfium } from './page-view.js';

/** PDFium in WebAssembly. One job at a time: it has one memory. */
export interface Renderer {
  /**
   * Opens one page for `use`, which may keep pictures of it and nothing else.
   * Throws what `use` throws; FILE_DAMAGED when PDFium cannot open the file or does not see `pages` pages of it,
   * FILE_BOMB when it needs more memory than it may have.
   */
  look<T>(
    bytes: Uint8Array,
    page: { readonly index: number; readonly pages: number },
    use: (view: PageView) => T,
  ): Promise<T>;
}

/** Memory that PDFium once took is never given back: beyond this a new one is cheaper. */
const REPLACE_ABOVE_BYTES = 128 * 1024 * 1024;

interface Engine {
  readonly pdfium: Pdfium;
  memoryBytes(): number;
  exhausted(): boolean;
}

/** @param module PDFium's compiled WebAssembly module, which threads can share */
export function createRenderer(module: WebAssembly.Module): Renderer {
  let engine: Promise<Engine> | undefined;
  return {
    look: async (bytes, page, use) => {
      engine ??= startEngine(module);
      const running = await engine;
      try {
        return lookAt(running.pdfium, bytes, page, use);
      } catch (error) {
        if (error instanceof ServiceError) throw error;
        engine = undefined; // what failed may have left its memory in any state
        throw running.exhausted()
          ? new ServiceError('FILE_BOMB', 'The PDF needs more memory to be shown than any page should.', {
              cause: error,
            })
          : new ServiceError('FILE_DAMAGED', 'The PDF is damaged: its page cannot be shown.', {
              cause: error,
            });
      } finally {
        if (running.memoryBytes() > REPLACE_ABOVE_BYTES) engine = undefined;
      }
    },
  };
}

async function startEngine(module: WebAssembly.Module): Promise<Engine> {
  let memory: { readonly buffer: ArrayBuffer } | undefined;
  let exhausted = false;
  const pdfium = await PDFiumModule({
    instantiateWasm: (imports, done) => {
      const { env = {} } = imports;
      const resize = env['emscripten_resize_heap'] as (bytes: number) => boolean;
      const limited = {
        ...imports,
        env: {
          ...env,
          emscripten_resize_heap: (bytes: number): boolean => {
            if (bytes >>> 0 <= MAX_RENDERER_BYTES) return resize(bytes);
            exhausted = true;
            return false;
          },
        },
      };
      const instance = new WebAssembly.Instance(module, limited);
      memory = instance.exports['memory'] as typeof memory;
      done(instance as never); // emscripten calls for the instance, whatever the declaration says
      return instance.exports;
    },
  });
  pdfium._FPDF_InitLibraryWithConfig({}); // an object counts as no pointer: its defaults
  return {
    pdfium: pdfium as Pdfium,
    memoryBytes: () => memory?.buffer.byteLength ?? 0,
    exhausted: () => exhausted,
  };
}

function lookAt<T>(
  pdfium: Pdfium,
  bytes: Uint8Array,
  { index, pages }: { index: number; pages: number },
  use: (view: PageView) => T,
): T {
  const { malloc, free } = pdfium.wasmExports;
  const at = malloc(bytes.length);
  if (at === 0) throw new Error('no memory for the file');
  pdfium.HEAPU8.set(bytes, at);
  const document = pdfium._FPDF_LoadMemDocument(at, bytes.length, 0);
  try {
    if (document === 0) throw damaged('it cannot be shown');
    if (pdfium._FPDF_GetPageCount(document) !== pages) {
      throw damaged('readers do not agree on how many pages it has');
    }
    const page = pdfium._FPDF_LoadPage(document, index);
    if (page === 0) throw damaged('its page cannot be shown');
    try {
      return use(openPageView(pdfium, page));
    } finally {
      pdfium._FPDF_ClosePage(page);
    }
  } finally {
    if (document !== 0) pdfium._FPDF_CloseDocument(document);
    free(at);
  }
}

function damaged(what: string): ServiceError {
  return new ServiceError('FILE_DAMAGED', `The PDF is damaged: ${what}.`);
}
