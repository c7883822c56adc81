import type { Box, GrayImage } from './pixels.js';

/** What stands in the QR codes of a picture, and where codes are that could not be decoded. */
export interface Codes {
  readonly texts: readonly string[];
  readonly undecoded: readonly Box[];
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
  readonly position: Readonly<Record<'topLeft' | 'topRight' | 'bottomRight' | 'bottomLeft', Point>>;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

export function codeReaderOf(decoder: QrDecoder): ReadCodes {
  return async (image) => {
    await decoder.load();
    try {
      const codes = await decoder.decode(toRgba(image));
      const texts = codes.filter(({ isValid }) => isValid).map(({ text }) => text);
      const undecoded = codes.filter(({ isValid }) => !isValid).map((code) => boxAround(code, image));
      return { texts, undecoded };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      decoder.replace();
      return { texts: [], undecoded: [], broken: true };
    }
  };
}

function toRgba({ data, width, height }: GrayImage): RgbaImage {
  const pixels = new Uint32Array(data.length);
  for (let i = 0; i < data.length; i++) pixels[i] = (data[i] ?? 0) * 0x010101 + 0xff000000;
  return { data: new Uint8ClampedArray(pixels.buffer), width, height };
}

/** The code with a quarter of its size around it, for the quiet zone and what perspective hides. */
function boxAround({ position }: SeenCode, image: GrayImage): Box {
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
