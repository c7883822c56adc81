import type { PDFiumModule } from '@hyzyla/pdfium';
import type { Box } from './page-box.js';

/** A picture of a page, or of a part of it: RGBA, row 0 on top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Something drawn on a page. */
export interface DrawnObject {
  readonly isImage: boolean;
  /** What it may mark, in the page's own space. */
  readonly bounds: Box;
}

/** In pixels, from the upper left corner of a picture of the whole page. */
export interface PixelArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A page that PDFium has open. */
export interface PageView {
  /** As shown, in the page's own units. */
  readonly width: number;
  readonly height: number;
  /**
   * Everything drawn on the page itself, annotations apart, without drawing any of it: outlines of letters,
   * and of lines as broad as they are, but also what is white, hidden or clipped away. Undefined when there are more
   * than `most`, or the extent of one is not known.
   */
  objects(most: number): DrawnObject[] | undefined;
  /** Draws the page as `whole` pixels, and of these what lies in `area`; parts outside it cost nothing. */
  render(whole: { readonly width: number; readonly height: number }, area?: PixelArea): Picture;
}

/** The functions of PDFium's C interface (fpdfview.h, fpdf_edit.h) that are used here. */
export type Pdfium = Awaited<ReturnType<typeof PDFiumModule>> & {
  _FPDFPageObj_GetBounds(object: number, left: number, bottom: number, right: number, top: number): number;
};

const IMAGE = 3;
const BGRA = 4;
const WHITE = 0xffffffff;
/** FPDF_ANNOT, FPDF_LCD_TEXT, FPDF_REVERSE_BYTE_ORDER */
const DRAWING = 0x01 | 0x02 | 0x10;

export function openPageView(pdfium: Pdfium, page: number): PageView {
  const { malloc, free } = pdfium.wasmExports;

  /** Memory of PDFium's for the time of `work`. What fails without an exception has not got any. */
  function withMemory<T>(bytes: number, work: (at: number) => T): T {
    const at = malloc(bytes);
    if (at === 0) throw new Error('PDFium is out of memory');
    const result = work(at); // after a trap nothing in its memory is used again, and nothing need be freed
    free(at);
    return result;
  }

  return {
    width: pdfium._FPDF_GetPageWidth(page),
    height: pdfium._FPDF_GetPageHeight(page),

    objects(most) {
      const count = pdfium._FPDFPage_CountObjects(page);
      if (count > most) return undefined;
      return withMemory(16, (at) => {
        const found: DrawnObject[] = [];
        for (let i = 0; i < count; i++) {
          const object = pdfium._FPDFPage_GetObject(page, i);
          if (pdfium._FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12) === 0) return undefined;
          const [left = NaN, bottom = NaN, right = NaN, top = NaN] = new Float32Array(
            pdfium.HEAPU8.buffer,
            at,
            4,
          );
          const bounds: Box = [left, bottom, right, top];
          if (!bounds.every(Number.isFinite)) return undefined;
          found.push({ isImage: pdfium._FPDFPageObj_GetType(object) === IMAGE, bounds });
        }
        return found;
      });
    },

    render(whole, area = { x: 0, y: 0, ...whole }) {
      const { x, y, width, height } = area;
      return withMemory(width * height * 4, (at) => {
        const bitmap = pdfium._FPDFBitmap_CreateEx(width, height, BGRA, at, width * 4);
        if (bitmap === 0) throw new Error('PDFium has no bitmap of this size');
        pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
        pdfium._FPDF_RenderPageBitmap(bitmap, page, -x, -y, whole.width, whole.height, 0, DRAWING);
        const pixels = pdfium.HEAPU8.slice(at, at + width * height * 4);
        pdfium._FPDFBitmap_Destroy(bitmap);
        return { width, height, pixels };
      });
    },
  };
}
