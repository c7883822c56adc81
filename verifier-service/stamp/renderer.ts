import { PDFiumLibrary } from '@hyzyla/pdfium';
import { ServiceError } from '../error.js';
import { MAX_RENDERER_BYTES } from '../intake/limits.js';

/** A picture of one page: RGBA, row 0 on top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** PDFium in WebAssembly. One job at a time: it has one memory. */
export interface Renderer {
  /**
   * Renders a page, at most one pixel per `unitsPerPixel` units of the page and `maxPixels` along a side.
   * Throws FILE_DAMAGED when PDFium cannot open the file or does not see `pages` pages of it, FILE_BOMB when it
   * needs more memory than it may have.
   */
  render(
    bytes: Uint8Array,
    page: { index: number; pages: number; unitsPerPixel: number; maxPixels: number },
  ): Promise<Picture>;
}

/** Memory that PDFium once took is never given back: beyond this a new one is cheaper. */
const REPLACE_ABOVE_BYTES = 128 * 1024 * 1024;

interface Engine {
  readonly library: Awaited<ReturnType<typeof PDFiumLibrary.init>>;
  memoryBytes(): number;
  exhausted(): boolean;
}

/** @param module PDFium's compiled WebAssembly module, which threads can share */
export function createRenderer(module: WebAssembly.Module): Renderer {
  let engine: Promise<Engine> | undefined;
  return {
    render: async (bytes, page) => {
      engine ??= startEngine(module);
      const running = await engine;
      try {
        return await renderPage(running, bytes, page);
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
  const library = await PDFiumLibrary.init({
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
  return { library, memoryBytes: () => memory?.buffer.byteLength ?? 0, exhausted: () => exhausted };
}

async function renderPage(
  { library }: Engine,
  bytes: Uint8Array,
  {
    index,
    pages,
    unitsPerPixel,
    maxPixels,
  }: { index: number; pages: number; unitsPerPixel: number; maxPixels: number },
): Promise<Picture> {
  const document = await library.loadDocument(bytes).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'RuntimeError') throw error;
    throw new ServiceError('FILE_DAMAGED', 'The PDF is damaged: it cannot be shown.', { cause: error });
  });
  try {
    if (document.getPageCount() !== pages) {
      throw new ServiceError(
        'FILE_DAMAGED',
        'The PDF is damaged: readers do not agree on how many pages it has.',
      );
    }
    const page = document.getPage(index);
    const { originalWidth, originalHeight } = page.getOriginalSize();
    const longest = Math.max(originalWidth, originalHeight);
    const scale = Math.min(1 / unitsPerPixel, maxPixels / longest);
    const { width, height, data } = await page.render({ scale, render: 'bitmap' });
    return { width, height, pixels: data };
  } finally {
    document.destroy();
  }
}
