import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { prepareZXingModule, purgeZXingModule, readBarcodes, type ReadResult } from 'zxing-wasm/reader';
import type { Box, GrayImage } from './pixels.js';

/** What stands in the QR codes of a picture, and where codes are that could not be decoded. */
export interface Codes {
  readonly texts: readonly string[];
  readonly undecoded: readonly Box[];
}

const NOTHING: Codes = { texts: [], undecoded: [] };

/** Reads codes in any rotation, also inverted ones. Never rejects: a picture that breaks the reader has no codes. */
export type ReadCodes = (image: GrayImage) => Promise<Codes>;

/** The reader's WebAssembly comes from the installed package; by itself it would ask a CDN. */
export function createCodeReader(): ReadCodes {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm');
  const wasmBinary = new Uint8Array(readFileSync(file)).buffer;
  return async (image) => {
    await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true });
    try {
      const results = await readBarcodes(toRgba(image), { formats: ['QRCode'], returnErrors: true });
      const texts = results.filter((result) => result.isValid).map((result) => result.text);
      const undecoded = results.filter((result) => !result.isValid).map((result) => boxAround(result, image));
      return { texts, undecoded };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // A trap inside the WebAssembly leaves its memory in any state: the next picture gets a new instance.
      purgeZXingModule();
      return NOTHING;
    }
  };
}

function toRgba({ data, width, height }: GrayImage) {
  const pixels = new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) pixels[i] = (data[i] ?? 0) * 0x010101 + 0xff000000;
  return { data: new Uint8ClampedArray(pixels.buffer), width, height };
}

/** The code with a quarter of its size around it, for the quiet zone and what perspective hides. */
function boxAround({ position }: ReadResult, image: GrayImage): Box {
  const corners = [position.topLeft, position.topRight, position.bottomRight, position.bottomLeft];
  const [left, right] = range(corners.map(({ x }) => x));
  const [top, bottom] = range(corners.map(({ y }) => y));
  const margin = Math.round(Math.max(right - left, bottom - top) / 4) + 8;
  const [x0, x1] = [clamp(left - margin, image.width - 1), clamp(right + margin, image.width)];
  const [y0, y1] = [clamp(top - margin, image.height - 1), clamp(bottom + margin, image.height)];
  return { left: x0, top: y0, width: Math.max(1, x1 - x0), height: Math.max(1, y1 - y0) };
}

function range(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, Math.floor(value)));
}
