import { createHash } from 'node:crypto';
import type { Revision } from '../intake/pdf/write.js';
import { compressed } from '../intake/pdf/write.js';
import { Name, RawString, Stream, type Dict, type PdfValue, type Ref } from '../intake/pdf/value.js';
import type { FaceName, Faces } from './faces.js';
import type { ShapedGlyph, ShapedText } from './shape.js';

/** A face cut down to a set of glyphs, ready to be put into any number of PDFs. */
export interface FaceSubset {
  /** The two-byte code that the content stream uses for a glyph. */
  readonly codeOf: ReadonlyMap<number, number>;
  /** What the PDF believes the glyph's advance to be, in thousandths of the font size. */
  readonly widthOf: (glyph: number) => number;
  addTo(revision: Revision): Ref;
}

/** A face as the content stream names it. */
export interface NamedFace {
  readonly resource: string;
  readonly subset: FaceSubset;
}

export type NamedFaces = ReadonlyMap<FaceName, NamedFace>;

/** Puts what `texts` are set in into a PDF. Returns the faces by name, and the fonts for the page's resources. */
export function embedFaces(
  revision: Revision,
  texts: readonly ShapedText[],
  subsets: Subsets,
): { faces: NamedFaces; fonts: Dict } {
  const used = new Map<FaceName, ShapedGlyph[]>();
  for (const { glyphs } of texts) {
    for (const glyph of glyphs) {
      const known = used.get(glyph.face);
      if (known) known.push(glyph);
      else used.set(glyph.face, [glyph]);
    }
  }
  const faces = new Map<FaceName, NamedFace>();
  const fonts: Dict = new Map();
  for (const [face, glyphs] of used) {
    const subset = subsets(face, glyphs);
    const resource = `F${faces.size}`;
    faces.set(face, { resource, subset });
    fonts.set(resource, subset.addTo(revision));
  }
  return { faces, fonts };
}

/** Subsets of one thread, by face and glyphs; a facility's stamps differ in their code only, so they share theirs. */
export type Subsets = (face: FaceName, glyphs: readonly ShapedGlyph[]) => FaceSubset;

export function cachedSubsets(faces: Faces, capacity = 64): Subsets {
  const cache = new Map<string, FaceSubset>();
  return (face, glyphs) => {
    const texts = new Map<number, readonly number[]>();
    for (const glyph of glyphs) if (!texts.has(glyph.id)) texts.set(glyph.id, glyph.codePoints);
    const sorted = [...texts].toSorted(([a], [b]) => a - b);
    const key = `${face} ${sorted.map(([id, codePoints]) => `${id}:${codePoints.join(',')}`).join(' ')}`;
    const known = cache.get(key);
    cache.delete(key);
    const subset = known ?? makeSubset(faces, face, sorted, key);
    cache.set(key, subset); // last in, last out: the map keeps the order of use
    for (const oldest of cache.keys()) {
      if (cache.size <= capacity) break;
      cache.delete(oldest);
    }
    return subset;
  };
}

/** A composite font of TrueType outlines with two-byte codes (ISO 32000-2, 9.7). */
function makeSubset(
  faces: Faces,
  face: FaceName,
  glyphs: readonly (readonly [number, readonly number[]])[],
  key: string,
): FaceSubset {
  const font = faces(face);
  const subset = font.createSubset();
  const codeOf = new Map<number, number>();
  glyphs.forEach(([id], i) => {
    subset.includeGlyph(font.getGlyph(id));
    codeOf.set(id, i + 1); // 0 is .notdef
  });
  const scale = 1000 / font.unitsPerEm;
  const widthOf = (glyph: number): number => Math.round(font.getGlyph(glyph).advanceWidth * scale);
  const program = Buffer.from(subset.encode());
  const programStream = compressed(new Map([['Length1', program.length]]), program);
  const toUnicode = compressed(new Map(), Buffer.from(unicodeMap(glyphs), 'latin1'));
  const name = new Name(`${tag(key)}+${face}`);
  const { minX, minY, maxX, maxY } = font.bbox;
  const descriptor: Dict = new Map<string, PdfValue>([
    ['Type', new Name('FontDescriptor')],
    ['FontName', name],
    ['Flags', 4],
    ['FontBBox', [minX, minY, maxX, maxY].map((value) => Math.round(value * scale))],
    ['ItalicAngle', 0],
    ['Ascent', Math.round(font.ascent * scale)],
    ['Descent', Math.round(font.descent * scale)],
    ['CapHeight', Math.round(font.capHeight * scale)],
    ['StemV', face.endsWith('Bold') ? 140 : 80],
  ]);
  const descendant: Dict = new Map<string, PdfValue>([
    ['Type', new Name('Font')],
    ['Subtype', new Name('CIDFontType2')],
    ['BaseFont', name],
    [
      'CIDSystemInfo',
      new Map<string, PdfValue>([
        ['Registry', text('Adobe')],
        ['Ordering', text('Identity')],
        ['Supplement', 0],
      ]),
    ],
    ['W', [1, glyphs.map(([id]) => widthOf(id))]],
    ['CIDToGIDMap', new Name('Identity')],
  ]);
  const addTo = (revision: Revision): Ref => {
    const fontFile = revision.add(programStream);
    const fontDescriptor = revision.add(new Map(descriptor).set('FontFile2', fontFile));
    const cidFont = revision.add(new Map(descendant).set('FontDescriptor', fontDescriptor));
    return revision.add(
      new Map<string, PdfValue>([
        ['Type', new Name('Font')],
        ['Subtype', new Name('Type0')],
        ['BaseFont', name],
        ['Encoding', new Name('Identity-H')],
        ['DescendantFonts', [cidFont]],
        ['ToUnicode', revision.add(new Stream(toUnicode.dict, toUnicode.data))],
      ]),
    );
  };
  return { codeOf, widthOf, addTo };
}

const text = (ascii: string): RawString => new RawString(Buffer.from(`(${ascii})`));

/** Six letters that tell this subset from others of the same face (ISO 32000-2, 9.9.2). */
function tag(key: string): string {
  return Array.from(createHash('sha256').update(key).digest().subarray(0, 6), (byte) =>
    String.fromCharCode(65 + (byte % 26)),
  ).join('');
}

/** From codes back to text, for whoever searches or copies (ISO 32000-2, 9.10.3). */
function unicodeMap(glyphs: readonly (readonly [number, readonly number[]])[]): string {
  const hex = (value: number): string => value.toString(16).padStart(4, '0');
  const utf16 = (codePoints: readonly number[]): string =>
    [...String.fromCodePoint(...codePoints)]
      .flatMap((c) => Array.from({ length: c.length }, (_, i) => hex(c.charCodeAt(i))))
      .join('');
  const lines = glyphs.map(([, codePoints], i) => `<${hex(i + 1)}> <${utf16(codePoints)}>`);
  const blocks: string[] = [];
  for (let at = 0; at < lines.length; at += 100) {
    const block = lines.slice(at, at + 100);
    blocks.push(`${block.length} beginbfchar\n${block.join('\n')}\nendbfchar`);
  }
  return [
    '/CIDInit /ProcSet findresource begin 12 dict begin begincmap',
    '/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def',
    '/CMapName /Adobe-Identity-UCS def /CMapType 2 def',
    '1 begincodespacerange\n<0000> <ffff>\nendcodespacerange',
    ...blocks,
    'endcmap CMapName currentdict /CMap defineresource pop end end',
  ].join('\n');
}
