import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { prepareZXingModule, purgeZXingModule, readBarcodes } from 'zxing-wasm/reader';
import type { GrayImage } from './pixels.js';

/** What stands in the QR codes of a picture. */
export interface Codes {
  readonly texts: readonly string[];
  /** Whether a code was seen, too, that could not be decoded. */
  readonly undecoded: boolean;
}

const NOTHING: Codes = { texts: [], undecoded: false };

/** Reads codes in any rotation, also inverted ones. Never rejects: a picture that breaks the reader has no codes. */
export type ReadCodes = (image: GrayImage) => Promise<Codes>;

/** The reader's WebAssembly comes from the installed package; by itself it would ask a CDN. */
export function createCodeReader(): ReadCodes {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm');
  const wasmBinary = new Uint8Array(readFileSync(file)).buffer;
  return async (image) => {
    await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true });
    try {
      // Not the micro and oblong kinds: they are found wherever a damaged code shows one of its corners.
      const results = await readBarcodes(toRgba(image), { formats: ['QRCodeModel2'], returnErrors: true });
      const texts = results.filter((result) => result.isValid).map((result) => result.text);
      return { texts, undecoded: texts.length < results.length };
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
