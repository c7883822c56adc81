import { create, toBuffer } from 'qrcode';
import sharp from 'sharp';
import { claimsUrl, labelUrl } from '@spondon/protocol/claims';
import { formatDocumentId, newDocumentId } from '@spondon/protocol/document-id';

/** Pages with codes, for tests: as large as real ones, and signed by nobody. */

export const PORTAL = 'https://verify.example.org';
export const HOST = 'verify.example.org';

/** The form of a JWS and the length of a real one: its URL needs a QR code of version 19. */
export function jwsLike(seed: string, length = 560): string {
  const letters = Buffer.from(seed.repeat(length)).toString('base64url');
  return `${letters.slice(0, 60)}.${letters.slice(60, length - 87)}.${letters.slice(0, 86)}`;
}

export const JWS = jwsLike('Ayesha Siddika, haemoglobin 13.5 g/dL; ');
export const URL_OF_JWS = claimsUrl(PORTAL, JWS);
export const DOCUMENT_ID = newDocumentId((length) => new Uint8Array(length).fill(42));
export const LABEL = labelUrl(PORTAL, formatDocumentId(DOCUMENT_ID));

/** A4 with lines of text-like strokes and, per entry, a code of 45 mm (quiet zone included) at a place in mm. */
export async function pageOf(
  codes: readonly {
    readonly text: string;
    readonly left: number;
    readonly top: number;
    readonly mm?: number;
  }[],
  dpi = 150,
): Promise<Buffer> {
  const pixels = (mm: number) => Math.round((mm / 25.4) * dpi);
  const drawn = await Promise.all(
    codes.map(async ({ text, left, top, mm = 45 }) => ({
      input: await codeOf(text, pixels(mm)),
      left: pixels(left),
      top: pixels(top),
    })),
  );
  return blankPage(pixels(210), pixels(297), dpi)
    .composite([{ input: strokes(dpi) }, ...drawn])
    .png()
    .toBuffer();
}

export function stampedPage(dpi = 150): Promise<Buffer> {
  return pageOf([{ text: URL_OF_JWS, left: 150, top: 240 }], dpi);
}

/** Scaled like any printed picture: a module is not a whole number of pixels. */
async function codeOf(text: string, side: number): Promise<Buffer> {
  const modules = create(text, { errorCorrectionLevel: 'M' }).modules.size + 8;
  const exact = await toBuffer(text, { errorCorrectionLevel: 'M', margin: 4, scale: 8, width: modules * 8 });
  return sharp(exact).resize({ width: side, kernel: 'cubic' }).png().toBuffer();
}

function blankPage(width: number, height: number, dpi: number) {
  return sharp({ create: { width, height, channels: 3, background: 'white' } }).withMetadata({
    density: dpi,
  });
}

function strokes(dpi: number): Buffer {
  const lines = Array.from(
    { length: 40 },
    (_, i) => `<path d="M15 ${20 + i * 5}h180" stroke-dasharray="${(i % 7) + 1} 1.2 2.1 0.6"/>`,
  );
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${(210 / 25.4) * dpi}" height="${(297 / 25.4) * dpi}" ` +
      `viewBox="0 0 210 297"><g stroke="#222" stroke-width="2">${lines.join('')}</g></svg>`,
  );
}

/** As a camera above a table sees it: the far edge shorter, darker towards one corner, a little noise. */
export async function photographOf(page: Buffer, width: number, tilt: number): Promise<Buffer> {
  const source = await sharp(page).greyscale().raw().toBuffer({ resolveWithObject: true });
  const height = Math.round(width * 1.4);
  const picture = Buffer.alloc(width * height, 90);
  let noise = 1;
  for (let y = 0; y < height; y++) {
    const v = y / height;
    // Where the sheet's edges are on this line, and which of the sheet's lines this is.
    const inset = tilt * (1 - v) + 0.03;
    const depth = (v * (1 - tilt)) / (1 - tilt * v);
    for (let x = 0; x < width; x++) {
      const u = (x / width - inset) / (1 - 2 * inset);
      if (u < 0 || u >= 1) continue;
      const at =
        Math.floor(depth * source.info.height) * source.info.width + Math.floor(u * source.info.width);
      noise = (noise * 1_103_515_245 + 12_345) & 0x7fffffff;
      const light = 0.5 + (0.5 * (u + v)) / 2;
      picture[y * width + x] = Math.min(
        255,
        Math.max(0, (source.data[at] ?? 0) * light + ((noise >> 8) % 13) - 6),
      );
    }
  }
  return sharp(picture, { raw: { width, height, channels: 1 } })
    .blur(0.8)
    .jpeg({ quality: 70 })
    .toBuffer();
}
