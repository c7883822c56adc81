import { ProtocolError } from '../error.js';
import { MAX_PIXELS, type Detail, type PageImage, type Pages } from './pages.js';

const DPI = { page: 150, fine: 300 } as const satisfies Record<Detail, number>;
/** Narrower pages are drawn as if they were this wide: a picture needs at least one pixel. */
const MIN_SIDE_POINTS = 16;
/** Far above any page size that PDF allows (14,400). */
const MAX_SIDE_POINTS = 100_000;

/** What is needed of PDFium, in WebAssembly, as @hyzyla/pdfium has it. */
export interface PdfRenderer {
  loadDocument(bytes: Uint8Array): Promise<PdfDocument>;
}

interface PdfDocument {
  getPageCount(): number;
  getPage(index: number): {
    /** In points. */
    getOriginalSize(): { readonly originalWidth: number; readonly originalHeight: number };
    render(options: {
      readonly render: 'bitmap';
      readonly colorSpace: 'Gray';
      readonly width: number;
      readonly height: number;
      readonly scale: number;
    }): Promise<PageImage>;
  };
  destroy(): void;
}

/** Opens PDFs with one PDFium, which is replaced when a file broke it. */
export interface PdfOpener {
  /** Throws `FILE_DAMAGED` for what PDFium cannot open: damaged, encrypted, or too large for its memory. */
  open(bytes: Uint8Array): Promise<Pages>;
}

/** `start` gives a new PDFium; when it rejects, so does `open`, and the next one tries again. */
export function pdfOpenerOf(start: () => Promise<PdfRenderer>): PdfOpener {
  let renderer: Promise<PdfRenderer> | undefined;

  async function guarded<T>(work: () => Promise<T> | T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // After a trap of its WebAssembly nothing in PDFium's memory can be trusted.
      if (error instanceof Error && error.name === 'RuntimeError') renderer = undefined;
      throw new ProtocolError('FILE_DAMAGED', 'This PDF, or a page of it, cannot be shown.');
    }
  }

  return {
    async open(bytes) {
      const current = (renderer ??= start());
      const pdfium = await current.catch((error: unknown) => {
        renderer = undefined;
        throw error;
      });
      const document = await guarded(() => pdfium.loadDocument(bytes));
      return {
        count: await guarded(() => document.getPageCount()),
        scalable: true,
        render: (index, detail) =>
          guarded(() => {
            if (renderer !== current) throw new Error('an earlier page broke PDFium');
            const page = document.getPage(index);
            const { originalWidth, originalHeight } = page.getOriginalSize();
            const [width, height] = [sideOf(originalWidth), sideOf(originalHeight)];
            const scale = Math.min(DPI[detail] / 72, Math.sqrt(MAX_PIXELS / (width * height)));
            return page.render({ render: 'bitmap', colorSpace: 'Gray', width, height, scale });
          }),
        close() {
          if (renderer === current) document.destroy();
        },
      };
    },
  };
}

function sideOf(points: number): number {
  return Math.min(MAX_SIDE_POINTS, Math.max(MIN_SIDE_POINTS, points || 0));
}
