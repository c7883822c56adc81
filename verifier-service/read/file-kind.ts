/** What a file is by its first bytes, as far as codes can be looked for in it. */
export type FileKind = 'pdf' | 'image' | 'other';

const IMAGES = [
  [0xff, 0xd8, 0xff], // JPEG
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], // PNG
  [0x49, 0x49, 0x2a, 0x00], // TIFF, little-endian
  [0x4d, 0x4d, 0x00, 0x2a], // TIFF, big-endian
];

export function fileKindOf(bytes: Uint8Array): FileKind {
  const head = Buffer.from(bytes.subarray(0, 1024));
  if (IMAGES.some((magic) => magic.every((byte, i) => head[i] === byte))) return 'image';
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP') return 'image';
  // ISO 32000-2 wants the header at the start; readers, and so the world, accept it within the first 1,024 bytes.
  return head.includes('%PDF-') ? 'pdf' : 'other';
}
