import type { GrayImage } from './pixels.js';

/** What stands in the QR codes of a picture. */
export interface Codes {
  readonly texts: readonly string[];
  /** Whether a code was seen, too, that could not be decoded. */
  readonly undecoded: boolean;
  /** The picture broke the decoder: what else it shows is not known. */
  readonly broken?: boolean;
}

/** Reads codes in any rotation, also inverted ones. A picture that breaks the decoder has no codes. */
export type ReadCodes = (image: GrayImage) => Promise<Codes>;

/** A library that decodes QR codes, in WebAssembly or otherwise. */
export interface QrDecoder {
  /** What {@link decode} needs, loaded once. Rejects when it cannot be had: no fault of a picture. */
  load(): Promise<unknown>;
  /** Also codes that were seen and could not be decoded. Rejects when the picture breaks the library. */
  decode(image: RgbaImage): Promise<readonly SeenCode[]>;
  /** A trap leaves the library's memory in any state: from here on, a new one. */
  replace(): void;
}

export interface RgbaImage {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

export interface SeenCode {
  readonly isValid: boolean;
  readonly text: string;
}

export function codeReaderOf(decoder: QrDecoder): ReadCodes {
  return async (image) => {
    await decoder.load();
    try {
      const codes = await decoder.decode(toRgba(image));
      const texts = codes.filter(({ isValid }) => isValid).map(({ text }) => text);
      return { texts, undecoded: texts.length < codes.length };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      decoder.replace();
      return { texts: [], undecoded: false, broken: true };
    }
  };
}

function toRgba({ data, width, height }: GrayImage): RgbaImage {
  const pixels = new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) pixels[i] = (data[i] ?? 0) * 0x010101 + 0xff000000;
  return { data: new Uint8ClampedArray(pixels.buffer), width, height };
}
