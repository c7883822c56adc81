/** What a file is by its first bytes, as far as anybody can look for codes in it. */
export type FileKind = 'pdf' | PictureKind | 'other';
export type PictureKind = 'jpeg' | 'png' | 'webp' | 'tiff' | 'gif' | 'bmp' | 'avif' | 'heic';

/** Bytes as Latin-1, `?` for any byte. */
const SIGNATURES: readonly (readonly [PictureKind, string])[] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['webp', 'RIFF????WEBP'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['gif', 'GIF8?a'],
  ['bmp', 'BM????\0\0\0\0'],
  ['avif', '????ftypavi'],
  // What telephones write; a generic image file may hold either coding.
  ['heic', '????ftyphe'],
  ['heic', '????ftypmi'],
  ['heic', '????ftypms'],
];
/** ISO 32000-2 wants the header at the start; readers, and so the world, accept it within the first 1,024 bytes. */
const PDF_HEADER_WITHIN = 1024;

export function fileKindOf(bytes: Uint8Array): FileKind {
  const picture = SIGNATURES.find(([, signature]) => standsAt(bytes, 0, signature));
  if (picture) return picture[0];
  for (let at = 0; at <= PDF_HEADER_WITHIN - '%PDF-'.length; at++)
    if (standsAt(bytes, at, '%PDF-')) return 'pdf';
  return 'other';
}

function standsAt(bytes: Uint8Array, at: number, signature: string): boolean {
  for (let i = 0; i < signature.length; i++)
    if (signature[i] !== '?' && bytes[at + i] !== signature.charCodeAt(i)) return false;
  return true;
}
