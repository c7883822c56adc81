import type { GrayImage } from './pixels.js';

/** Enlarged by bicubic interpolation. `factor` is at least 1. */
export function scale(image: GrayImage, factor: number): GrayImage {
  const columns = samplesOf(image.width, Math.round(image.width * factor));
  const rows = samplesOf(image.height, Math.round(image.height * factor));
  return higher(wider(image, columns), rows);
}

/** Each new pixel of a line is made of the four old ones from `from` on, weighed by `weights` (of `ONE` together). */
interface Samples {
  readonly count: number;
  readonly from: Int32Array;
  readonly weights: Int32Array;
}

const ONE = 256;

/** Catmull-Rom, between the centres of pixels. */
function samplesOf(oldCount: number, count: number): Samples {
  const from = new Int32Array(count);
  const weights = new Int32Array(4 * count);
  for (let i = 0; i < count; i++) {
    const place = ((i + 0.5) * oldCount) / count - 0.5;
    const before = Math.floor(place);
    const t = place - before;
    const first = Math.round(ONE * (((2 - t) * t - 1) * t * 0.5));
    const second = Math.round(ONE * (((3 * t - 5) * t * t + 2) * 0.5));
    const last = Math.round(ONE * ((t - 1) * t * t * 0.5));
    from[i] = before - 1;
    weights.set([first, second, ONE - first - second - last, last], 4 * i);
  }
  return { count, from, weights };
}

function wider({ data, width, height }: GrayImage, { count, from, weights }: Samples): GrayImage {
  const wide = new Uint8Array(count * height);
  // The line with its border continued outwards, where samples reach for it.
  const line = new Uint8Array(width + 4);
  for (let y = 0, to = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    line.set(row, 2);
    line.fill(row[0] ?? 0, 0, 2).fill(row[width - 1] ?? 0, width + 2);
    for (let i = 0, k = 0; i < count; i++, k += 4) {
      const at = (from[i] ?? 0) + 2;
      wide[to++] = toByte(
        (weights[k] ?? 0) * (line[at] ?? 0) +
          (weights[k + 1] ?? 0) * (line[at + 1] ?? 0) +
          (weights[k + 2] ?? 0) * (line[at + 2] ?? 0) +
          (weights[k + 3] ?? 0) * (line[at + 3] ?? 0),
      );
    }
  }
  return { data: wide, width: count, height };
}

function higher({ data, width, height }: GrayImage, { count, from, weights }: Samples): GrayImage {
  const high = new Uint8Array(width * count);
  const rowAt = (y: number) => {
    const inside = Math.min(height - 1, Math.max(0, y));
    return data.subarray(inside * width, (inside + 1) * width);
  };
  for (let i = 0, to = 0; i < count; i++) {
    const at = from[i] ?? 0;
    const [a, b, c, d] = [rowAt(at), rowAt(at + 1), rowAt(at + 2), rowAt(at + 3)];
    const [wa = 0, wb = 0, wc = 0, wd = 0] = weights.subarray(4 * i, 4 * i + 4);
    for (let x = 0; x < width; x++)
      high[to++] = toByte(wa * (a[x] ?? 0) + wb * (b[x] ?? 0) + wc * (c[x] ?? 0) + wd * (d[x] ?? 0));
  }
  return { data: high, width, height: count };
}

function toByte(weighed: number): number {
  const byte = (weighed + ONE / 2) >> 8;
  return byte < 0 ? 0 : byte > 255 ? 255 : byte;
}
