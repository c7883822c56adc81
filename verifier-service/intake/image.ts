import sharp, { type Sharp } from 'sharp';
import { ServiceError } from '../error.js';
import { readJpegHeader, withoutMetadata } from './jpeg.js';
import { MAX_IMAGE_PIXELS } from './limits.js';
import { chooseLayout, type Corner, type ImagePage, type Size } from './image-page.js';
import { formatNumber } from './pdf/write.js';
import { readPng } from './png.js';

/** A picture as the PDF carries it: coded bytes and what a reader needs to decode them. */
interface CodedImage {
  readonly width: number;
  readonly height: number;
  /** Colour channels; 1 for a palette too. */
  readonly components: number;
  /** Entries of the image's dictionary, in PDF syntax. */
  readonly entries: string;
  readonly data: Uint8Array;
  readonly profile: { readonly components: 1 | 3; readonly data: Uint8Array } | undefined;
}

export interface ImagePdf {
  readonly bytes: Uint8Array;
  /** What the page keeps empty for the stamp, in points from its lower left corner. */
  readonly room: ImagePage['room'];
}

/** Pictures of the web and of phones; an ICC profile larger than this belongs to a printing press. */
const MAX_PROFILE_BYTES = 64 * 1024;

/**
 * Makes a PDF of one A4 page of a picture, upright and as large as the stamp leaves it. JPEG data and plain PNG rows
 * go in as they are, so that nothing is lost; other pictures are brought to 8-bit sRGB on white first.
 * The picture's metadata (where a phone was when it took it) does not go in.
 *
 * @param stampSizes in points; the page keeps room for one of them at `corner`
 * Throws ServiceError FILE_DAMAGED or FILE_BOMB.
 */
export async function imageToPdf(
  bytes: Uint8Array,
  type: 'png' | 'jpeg',
  stampSizes: readonly Size[],
  corner: Corner,
): Promise<ImagePdf> {
  const { orientation, profile } = await examine(bytes);
  const image =
    (type === 'jpeg' ? asJpeg(bytes, profile) : asPng(bytes, profile !== undefined)) ??
    (await convert(bytes, type));
  const turned = orientation >= 5;
  const size = turned ? { width: image.height, height: image.width } : image;
  const page = chooseLayout(size, stampSizes, corner);
  return { bytes: writePdf(image, page, orientation), room: page.room };
}

interface Examined {
  /** As in Exif: 1 to 8. */
  readonly orientation: number;
  readonly profile: CodedImage['profile'];
}

/** A picture that is all there: what decoders merely warn of, every viewer shows. */
const open = (bytes: Uint8Array): Sharp =>
  sharp(bytes, { limitInputPixels: MAX_IMAGE_PIXELS, failOn: 'truncated', autoOrient: false });

/** Decodes the whole picture once, small: what does not decode now would not in a reader either. */
async function examine(bytes: Uint8Array): Promise<Examined> {
  try {
    const image = open(bytes);
    const { orientation = 1, icc, width, height } = await image.metadata();
    if (width * height > MAX_IMAGE_PIXELS) throw new Error('Input image exceeds pixel limit');
    await image.resize(64, 64, { fit: 'inside' }).raw().toBuffer();
    return { orientation, profile: usableProfile(icc) };
  } catch (error) {
    if (error instanceof Error && error.message.includes('pixel limit')) {
      throw new ServiceError(
        'FILE_BOMB',
        `The picture has more than ${MAX_IMAGE_PIXELS} pixels. Save it smaller.`,
        {
          cause: error,
        },
      );
    }
    throw new ServiceError('FILE_DAMAGED', 'The picture is damaged: it does not decode.', { cause: error });
  }
}

function usableProfile(icc: Buffer | undefined): CodedImage['profile'] {
  if (icc === undefined || icc.length > MAX_PROFILE_BYTES) return undefined;
  const space = icc.toString('latin1', 16, 20);
  if (space === 'RGB ') return { components: 3, data: icc };
  return space === 'GRAY' ? { components: 1, data: icc } : undefined;
}

/** Undefined for what PDF readers do not all decode alike: CMYK, 12 bits, arithmetic or lossless coding, stray bytes. */
function asJpeg(bytes: Uint8Array, profile: CodedImage['profile']): CodedImage | undefined {
  const header = readJpegHeader(bytes);
  if (header === undefined || !header.common || header.precision !== 8) return undefined;
  const { width, height, components } = header;
  const data = withoutMetadata(bytes);
  if ((components !== 1 && components !== 3) || data === undefined) return undefined;
  return {
    width,
    height,
    components,
    entries: '/BitsPerComponent 8 /Filter /DCTDecode',
    data,
    profile: profile?.components === components ? profile : undefined,
  };
}

/** PNG's filtered rows are just what FlateDecode with predictor 15 expects (ISO 32000-2, 7.4.4.4). */
function asPng(bytes: Uint8Array, hasProfile: boolean): CodedImage | undefined {
  const png = readPng(bytes);
  if (png === undefined || png.interlaced || png.transparent || png.bitDepth > 8 || hasProfile)
    return undefined;
  const { width, height, bitDepth, colourType, palette, rows } = png;
  const colours = colourType === 2 ? 3 : 1;
  let entries = `/BitsPerComponent ${bitDepth} /Filter /FlateDecode`;
  entries += ` /DecodeParms << /Predictor 15 /Colors ${colours} /BitsPerComponent ${bitDepth} /Columns ${width} >>`;
  if (colourType === 3) {
    if (palette === undefined || palette.length < 3) return undefined;
    const last = Math.floor(palette.length / 3) - 1;
    entries += ` /ColorSpace [/Indexed /DeviceRGB ${last} <${Buffer.from(palette).toString('hex')}>]`;
  }
  return { width, height, components: colours, entries, data: rows, profile: undefined };
}

/** Lossless stays lossless; photographs stay photographs. */
async function convert(bytes: Uint8Array, type: 'png' | 'jpeg'): Promise<CodedImage> {
  const image = open(bytes).flatten({ background: '#ffffff' }).toColourspace('srgb');
  const converted =
    type === 'png'
      ? asPng(
          await image.png({ compressionLevel: 6, adaptiveFiltering: true, palette: false }).toBuffer(),
          false,
        )
      : asJpeg(await image.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toBuffer(), undefined);
  if (converted === undefined)
    throw new ServiceError('FILE_DAMAGED', 'The picture is of a kind that cannot be converted.');
  return converted;
}

/** The unit square of a PDF image, turned and mirrored as Exif's orientation 1 to 8 says: `a b c d e f`. */
const UPRIGHT: readonly (readonly [number, number, number, number, number, number])[] = [
  [1, 0, 0, 1, 0, 0],
  [-1, 0, 0, 1, 1, 0],
  [-1, 0, 0, -1, 1, 1],
  [1, 0, 0, -1, 0, 1],
  [0, -1, -1, 0, 1, 1],
  [0, -1, 1, 0, 0, 1],
  [0, 1, 1, 0, 0, 0],
  [0, 1, -1, 0, 1, 0],
];

function writePdf(image: CodedImage, page: ImagePage, orientation: number): Uint8Array {
  const { width, height, x, y } = page.image;
  const [a, b, c, d, e, f] = UPRIGHT[orientation - 1] ?? [1, 0, 0, 1, 0, 0];
  const matrix = [a * width, b * height, c * width, d * height, x + e * width, y + f * height];
  const content = `q ${matrix.map((n) => formatNumber(Math.round(n * 1000) / 1000)).join(' ')} cm /Image Do Q`;
  const device = image.entries.includes('/ColorSpace')
    ? ''
    : `/ColorSpace /Device${image.components === 3 ? 'RGB' : 'Gray'}`;
  const space = image.profile === undefined ? device : '/ColorSpace [/ICCBased 6 0 R]';
  const box = [page.width, page.height].map((n) => formatNumber(Math.round(n * 1000) / 1000)).join(' ');
  const objects: (readonly [string, Uint8Array?])[] = [
    ['<< /Type /Catalog /Pages 2 0 R >>'],
    ['<< /Type /Pages /Kids [3 0 R] /Count 1 >>'],
    [
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${box}] /Contents 4 0 R /Resources << /XObject << /Image 5 0 R >> >> >>`,
    ],
    ['<<', Buffer.from(content)],
    [
      `<< /Type /XObject /Subtype /Image /Width ${image.width} /Height ${image.height} ${space} ${image.entries}`,
      image.data,
    ],
  ];
  if (image.profile !== undefined) objects.push([`<< /N ${image.profile.components}`, image.profile.data]);
  const parts: Uint8Array[] = [Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  let at = parts[0]?.length ?? 0;
  const positions: number[] = [];
  const put = (part: Uint8Array): void => {
    parts.push(part);
    at += part.length;
  };
  objects.forEach(([dict, data], i) => {
    positions.push(at);
    if (data === undefined) {
      put(Buffer.from(`${i + 1} 0 obj\n${dict}\nendobj\n`));
      return;
    }
    put(Buffer.from(`${i + 1} 0 obj\n${dict} /Length ${data.length} >>\nstream\n`));
    put(data);
    put(Buffer.from('\nendstream\nendobj\n'));
  });
  const rows = positions.map((position) => `${String(position).padStart(10, '0')} 00000 n \n`).join('');
  const count = positions.length + 1;
  put(
    Buffer.from(
      `xref\n0 ${count}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${count} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}
