import { readJpegHeader } from './jpeg.js';
import {
  MAX_IMAGE_PIXELS,
  MAX_INFLATED_FILE_BYTES,
  MAX_INFLATED_STREAM_BYTES,
  MAX_STRUCTURE_BYTES,
} from './limits.js';
import { openPdf, type PdfFile } from './pdf/file.js';
import { bomb, decodeStream, filterNames, inflatedSize } from './pdf/filters.js';
import { listPages, type PdfPage } from './pdf/pages.js';
import { damaged } from './pdf/parse.js';
import { Name, Stream, isName } from './pdf/value.js';
import type { FileWarning } from './warning.js';

export interface InspectedPdf {
  readonly file: PdfFile;
  readonly pages: readonly PdfPage[];
  readonly warnings: readonly FileWarning[];
}

const UNPACKING = ['FlateDecode', 'LZWDecode', 'RunLengthDecode'];

/**
 * Reads a PDF through, each object and each compressed stream of it, and refuses what cannot be stamped, is not whole
 * or would be dangerous to show. Throws ServiceError FILE_DAMAGED, FILE_ENCRYPTED or FILE_BOMB.
 */
export async function inspectPdf(bytes: Uint8Array): Promise<InspectedPdf> {
  const file = openPdf(bytes);
  const pages = listPages(file);
  for (const page of pages) refuseMissingContent(file, page);
  let inflated = 0;
  for (const [number, entry] of file.xref.entries) {
    if (entry === 'free') continue;
    const object = file.get(number);
    if (object instanceof Stream) inflated += await inspectStream(file, object);
    if (inflated > MAX_INFLATED_FILE_BYTES) throw bomb('The PDF inflates beyond all measure');
  }
  return { file, pages, warnings: findWarnings(file) };
}

function refuseMissingContent(file: PdfFile, { dict }: PdfPage): void {
  const contents = file.resolve(dict.get('Contents'));
  if (contents === null || contents instanceof Stream) return;
  if (!Array.isArray(contents) || !contents.every((item) => file.resolve(item) instanceof Stream)) {
    throw damaged('what a page shows is missing');
  }
}

/** @returns what the stream inflates to, in bytes */
async function inspectStream(file: PdfFile, stream: Stream): Promise<number> {
  const filters = filterNames(stream.dict, file.resolve);
  if (isName(stream.dict.get('Subtype'), 'Image')) refuseHugeImage(file, stream, filters);
  const unpacking = filters.filter((name) => UNPACKING.includes(name));
  if (unpacking.length > 1 && filters.length === unpacking.length) {
    // packed twice: its size says nothing about what it holds
    return decodeStream(stream, file.resolve, MAX_STRUCTURE_BYTES).length;
  }
  return filters[0] === 'FlateDecode' ? inflatedSize(stream.data, MAX_INFLATED_STREAM_BYTES) : 0;
}

function refuseHugeImage(file: PdfFile, stream: Stream, filters: readonly string[]): void {
  const { dict, data } = stream;
  const pixels = (file.number(dict.get('Width')) ?? 0) * (file.number(dict.get('Height')) ?? 0);
  const mask = file.resolve(dict.get('ImageMask')) === true;
  const bits = mask ? 1 : (file.number(dict.get('BitsPerComponent')) ?? 8) * components(file, stream);
  const coded = filters.length === 1 ? codedPixels(data, filters[0] ?? '') : 0;
  if ((pixels * bits) / 8 > MAX_INFLATED_STREAM_BYTES || coded > MAX_IMAGE_PIXELS) {
    throw bomb('A picture in the PDF is far larger than any page needs');
  }
}

function components(file: PdfFile, { dict }: Stream): number {
  const space = file.resolve(dict.get('ColorSpace'));
  const family = file.resolve(Array.isArray(space) ? space[0] : space);
  if (!(family instanceof Name)) return 4;
  if (['DeviceGray', 'CalGray', 'Indexed', 'Separation', 'G', 'I'].includes(family.text)) return 1;
  if (['DeviceRGB', 'CalRGB', 'Lab', 'RGB'].includes(family.text)) return 3;
  const profile = Array.isArray(space) && family.text === 'ICCBased' ? file.dict(space[1]) : undefined;
  return file.number(profile?.get('N')) ?? 4;
}

/** What the picture's own header says, which decoders believe before the dictionary. */
function codedPixels(data: Uint8Array, filter: string): number {
  if (filter === 'DCTDecode' || filter === 'DCT') {
    const header = readJpegHeader(data);
    if (header === undefined) throw damaged('a picture in it is none');
    return header.width * header.height;
  }
  if (filter !== 'JPXDecode') return 0;
  // JPEG 2000's SIZ segment follows the start of the codestream (ITU-T T.800, A.5)
  const siz = Buffer.from(data.buffer, data.byteOffset, data.byteLength).indexOf('ff4fff51', 0, 'hex');
  if (siz < 0 || siz + 16 > data.length) return 0;
  const view = new DataView(data.buffer, data.byteOffset + siz);
  return view.getUint32(8) * view.getUint32(12);
}

function findWarnings(file: PdfFile): FileWarning[] {
  const warnings: FileWarning[] = [];
  if (isSigned(file)) {
    warnings.push({
      code: 'EXISTING_SIGNATURE',
      message:
        'The PDF already carries a digital signature. Stamping is added behind it: the signature still covers the ' +
        'version it was made for, and PDF readers will say that the document was changed since.',
    });
  }
  if (file.xref.start === undefined || file.irregular.size > 0) {
    warnings.push({
      code: 'FILE_REPAIRED',
      message:
        'The PDF was not written as the standard requires and was repaired; compare it with the original.',
    });
  }
  return warnings;
}

/** A signature's byte range cannot stand in an object stream, so it is in plain sight (ISO 32000-2, 12.8.1). */
function isSigned(file: PdfFile): boolean {
  const form = file.dict(file.dict(file.xref.trailer.get('Root'))?.get('AcroForm'));
  const flags = file.number(form?.get('SigFlags')) ?? 0;
  if (flags % 2 === 1) return true;
  const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
  for (let at = bytes.indexOf('/ByteRange'); at >= 0; at = bytes.indexOf('/ByteRange', at + 1)) {
    if (/^\/ByteRange\s*\[\s*\d/.test(bytes.toString('latin1', at, at + 40))) return true;
  }
  return false;
}
