import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PDFiumLibrary } from '@hyzyla/pdfium';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';

/** How a page looks, and what it says, for tests that compare before and after. */
export interface ShownPage {
  readonly width: number;
  readonly height: number;
  /** RGBA, row 0 on top. */
  readonly pixels: Uint8Array;
  readonly text: string;
}

export interface ShownPdf {
  readonly pages: number;
  page(index: number, dpi: number): Promise<ShownPage>;
  text(index: number): string;
  close(): void;
}

export type OpenShown = (bytes: Uint8Array) => Promise<ShownPdf>;

/** Renders with a PDFium of its own, apart from the one that is being tested. */
export async function startViewer(): Promise<OpenShown> {
  const library = await PDFiumLibrary.init();
  return async (bytes) => {
    const document = await library.loadDocument(bytes);
    return {
      pages: document.getPageCount(),
      page: async (index, dpi) => {
        const page = document.getPage(index);
        const text = page.getText();
        const { width, height, data } = await page.render({ scale: dpi / 72 });
        return { width, height, pixels: data, text };
      },
      text: (index) => document.getPage(index).getText(),
      close: () => {
        document.destroy();
      },
    };
  };
}

/** The texts of all QR codes on a page. */
export async function readQrCodes({ width, height, pixels }: ShownPage): Promise<string[]> {
  prepareZXingModule({
    overrides: {
      wasmBinary: readFileSync(createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm'))
        .buffer,
    },
  });
  const picture = { data: new Uint8ClampedArray(pixels), width, height, colorSpace: 'srgb' as const };
  const found = await readBarcodes(picture, { formats: ['QRCode'], tryHarder: true });
  return found.map(({ text }) => text);
}

const BLOCK = 8;

/**
 * The share of blocks of 8 × 8 pixels that are lighter or darker in one picture than in the other, and than its
 * blocks one pixel higher and lower: a page that grew is scaled to whole pixels otherwise than before. `outside`
 * says which pixels count.
 */
export function shareOfChange(
  before: ShownPage,
  after: ShownPage,
  outside: (x: number, y: number) => boolean,
): number {
  let [blocks, changed] = [0, 0];
  const mean = ({ width, pixels }: ShownPage, left: number, top: number): number => {
    let sum = 0;
    for (let y = top; y < top + BLOCK; y++) {
      for (let x = left; x < left + BLOCK; x++) {
        const at = (y * width + x) * 4;
        sum += (pixels[at] ?? 0) + (pixels[at + 1] ?? 0) + (pixels[at + 2] ?? 0);
      }
    }
    return sum / (3 * BLOCK * BLOCK);
  };
  for (let top = 0; top + BLOCK <= Math.min(before.height, after.height); top += BLOCK) {
    for (let left = 0; left + BLOCK <= Math.min(before.width, after.width); left += BLOCK) {
      if (!outside(left, top) || !outside(left + BLOCK, top + BLOCK)) continue;
      blocks++;
      const was = mean(before, left, top);
      const shifts = [top, top - 1, top + 1].filter((y) => y >= 0 && y + BLOCK <= after.height);
      if (shifts.every((y) => Math.abs(was - mean(after, left, y)) > 20)) changed++;
    }
  }
  return blocks === 0 ? 0 : changed / blocks;
}
