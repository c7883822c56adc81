/**
 * Whether a PDF ends as one that arrived whole: by saying where its newest cross-reference section is (ISO 32000-2,
 * 7.5.5), and by being right. Readers make up a section for a file that was cut off and show what is left without a
 * word, so that 'no code found' would be said of pages that are not there. What stands before the end is not judged.
 */
export function hasPdfEnd(bytes: Uint8Array): boolean {
  const length = lengthWithoutPadding(bytes);
  const end = latin.decode(bytes.subarray(Math.max(0, length - END_WITHIN), length));
  const pointer = [...end.matchAll(/startxref\s+(\d{1,10})(?!\d)/g)].at(-1);
  if (!pointer) return false;
  const rest = end.slice(pointer.index + pointer[0].length);
  // Of an update that was cut off, no end stands after the end of the version before.
  if (/\d\s+\d+\s+obj\b|\bxref\b|\btrailer\b/.test(rest)) return false;
  const position = Number(pointer[1]);
  // What stands before the header does not count; some writers count it all the same.
  return isSection(bytes, position) || isSection(bytes, position + headerPosition(bytes));
}

/** PDFium looks no further for the end, Acrobat not even as far. */
const END_WITHIN = 4_096;
const HEADER_WITHIN = 1_024;
/** Of a cross-reference stream's dictionary, in which a file of many updates lists much. */
const MAX_DICTIONARY = 65_536;

// Of what is looked for, all is ASCII: any coding that extends it will do.
const latin = new TextDecoder('latin1');

/** Disks and tapes fill up their last block with zeros. */
function lengthWithoutPadding(bytes: Uint8Array): number {
  let length = bytes.length;
  while (bytes[length - 1] === 0) length--;
  return length;
}

function headerPosition(bytes: Uint8Array): number {
  return Math.max(0, latin.decode(bytes.subarray(0, HEADER_WITHIN)).indexOf('%PDF-'));
}

/** A table, or an object that calls itself a cross-reference stream. */
function isSection(bytes: Uint8Array, position: number): boolean {
  const text = latin.decode(bytes.subarray(position, position + MAX_DICTIONARY));
  if (/^\s*xref\s/.test(text)) return true;
  const [dictionary = ''] = text.split('stream', 1);
  return /^\s*\d+\s+\d+\s+obj\b/.test(dictionary) && /\/Type\s*\/XRef\b/.test(dictionary);
}
