import { PDFiumLibrary } from '@hyzyla/pdfium';
import { ServiceError } from '../error.js';
import { MAX_PIXELS, type Detail, type Pages } from './pages.js';

const DPI = { page: 150, code: 200, fine: 300 } as const satisfies Record<Detail, number>;
/** A page of nothing but a line would otherwise become a picture of no height. */
const MIN_SIDE_POINTS = 1;

/** Opens PDFs with one PDFium, which is replaced when a file broke it. */
export interface PdfOpener {
  /** Throws `FILE_DAMAGED` for what PDFium cannot open: damaged, encrypted, or too large for its memory. */
  open(bytes: Uint8Array): Promise<Pages>;
}

export function createPdfOpener(): PdfOpener {
  let library: Promise<PDFiumLibrary> | undefined;

  /** PDFium's own errors, and traps of its WebAssembly, after which nothing in its memory can be trusted. */
  async function guarded<T>(work: () => Promise<T> | T): Promise<T> {
    try {
      return await work();
    } catch {
      library = undefined;
      throw new ServiceError('FILE_DAMAGED', 'This PDF, or a page of it, cannot be shown.');
    }
  }

  return {
    async open(bytes) {
      const document = await guarded(async () =>
        (await (library ??= PDFiumLibrary.init())).loadDocument(bytes),
      );
      return {
        count: await guarded(() => document.getPageCount()),
        render: (index, detail) =>
          guarded(async () => {
            const page = document.getPage(index);
            const { originalWidth, originalHeight } = page.getOriginalSize();
            const [width, height] = [sideOf(originalWidth), sideOf(originalHeight)];
            const fitting = Math.sqrt(MAX_PIXELS / (width * height));
            const scale = Math.min(DPI[detail] / 72, fitting);
            return page.render({ render: 'bitmap', colorSpace: 'Gray', width, height, scale });
          }),
        close() {
          if (library) document.destroy();
        },
      };
    },
  };
}

function sideOf(points: number): number {
  return Number.isFinite(points) ? Math.max(MIN_SIDE_POINTS, points) : MIN_SIDE_POINTS;
}
