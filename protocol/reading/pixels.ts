/** One byte a pixel, 0 is black; rows from the top, without padding. */
export interface GrayImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** 1 is dark; one byte a pixel, rows from the top. */
export interface BinaryImage {
  readonly dark: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Unsharp mask: takes back the blur of a camera or a scanner, and uneven light with it. `radius` in pixels, about
 * that of the blur; `amount` how much of the difference to the surroundings is added.
 */
export function sharpen(image: GrayImage, radius: number, amount: number): GrayImage {
  const { data, width, height } = image;
  // Two box means are close to a Gaussian and take the same time for any radius.
  const around = boxMean(boxMean(data, width, height, radius), width, height, radius);
  const sharp = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i++) {
    const pixel = data[i] ?? 0;
    sharp[i] = pixel + amount * (pixel - (around[i] ?? 0));
  }
  return { data: new Uint8Array(sharp.buffer), width, height };
}

/** Mean over a square of 2 × radius + 1 pixels; the border is continued outwards. */
function boxMean(data: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const side = 2 * radius + 1;
  const rows = new Uint16Array(data.length);
  for (let start = 0; start < data.length; start += width) {
    const last = start + width - 1;
    let sum = 0;
    for (let i = -radius; i <= radius; i++) sum += data[Math.min(last, Math.max(start, start + i))] ?? 0;
    for (let at = start; at <= last; at++) {
      rows[at] = sum;
      sum += (data[Math.min(last, at + radius + 1)] ?? 0) - (data[Math.max(start, at - radius)] ?? 0);
    }
  }
  const mean = new Uint8Array(data.length);
  const sums = new Uint32Array(width);
  const rowAt = (y: number) => Math.min(height - 1, Math.max(0, y)) * width;
  for (let y = -radius; y <= radius; y++)
    for (let x = 0; x < width; x++) sums[x] = (sums[x] ?? 0) + (rows[rowAt(y) + x] ?? 0);
  for (let y = 0; y < height; y++) {
    const entering = rowAt(y + radius + 1);
    const leaving = rowAt(y - radius);
    for (let x = 0; x < width; x++) {
      const sum = sums[x] ?? 0;
      mean[y * width + x] = sum / (side * side);
      sums[x] = sum + (rows[entering + x] ?? 0) - (rows[leaving + x] ?? 0);
    }
  }
  return mean;
}

/** Dark is what is darker than its surroundings by `bias`: neither shadow nor paper's colour matter. */
export function adaptiveThreshold(
  { data, width, height }: GrayImage,
  radius: number,
  bias: number,
): BinaryImage {
  const around = boxMean(data, width, height, radius);
  const dark = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) dark[i] = (data[i] ?? 0) + bias < (around[i] ?? 0) ? 1 : 0;
  return { dark, width, height };
}
