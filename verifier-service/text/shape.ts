import type { Font, GlyphRun } from 'fontkit';
import type { FaceName, Faces } from './faces.js';

/** One glyph of a line, measured in thousandths of the font size. */
export interface ShapedGlyph {
  readonly face: FaceName;
  readonly id: number;
  readonly codePoints: readonly number[];
  /** How far the pen moves after it. */
  readonly advance: number;
  /** Where it is drawn, from the pen. */
  readonly x: number;
  readonly y: number;
}

export interface ShapedText {
  readonly text: string;
  readonly glyphs: readonly ShapedGlyph[];
  /** In thousandths of the font size. */
  readonly width: number;
}

export type Weight = 'Regular' | 'Bold';

const BENGALI = /[\u0980-\u09ff\u0964\u0965]/;
/** Belongs to whatever script is being written. */
const NEUTRAL = /[\s\u200c\u200d\p{P}\p{S}]/u;

/** Turns text into positioned glyphs, each script in its own face. Characters that no face has are left out. */
export type Shaper = (text: string, weight: Weight) => ShapedText;

/** Remembers what it shaped: the same facility, labels and date come again and again. */
export function cachedShaper(faces: Faces, capacity = 1_000): Shaper {
  const cache = new Map<string, ShapedText>();
  return (text, weight) => {
    const key = `${weight} ${text}`;
    const shaped = cache.get(key) ?? shape(faces, text, weight);
    cache.delete(key);
    cache.set(key, shaped); // the map keeps the order of use
    for (const oldest of cache.keys()) {
      if (cache.size <= capacity) break;
      cache.delete(oldest);
    }
    return shaped;
  };
}

function shape(faces: Faces, text: string, weight: Weight): ShapedText {
  const glyphs: ShapedGlyph[] = [];
  for (const run of splitByFace(faces, text.normalize('NFC'), weight)) {
    const font = faces(run.face);
    const known = [...run.text].filter((c) => hasGlyph(font, c)).join('');
    if (known !== '') glyphs.push(...place(font, run.face, layOut(font, known)));
  }
  return { text, glyphs, width: glyphs.reduce((sum, glyph) => sum + glyph.advance, 0) };
}

/** fontkit 2.0.4 throws at a mark that has no place upon its letter, such as U+0338 upon most: then none is placed. */
function layOut(font: Font, text: string): GlyphRun {
  try {
    return font.layout(text);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return font.layout(text, { mark: false, mkmk: false });
  }
}

/** Characters of `text` that no face has. */
export function missingCharacters(faces: Faces, text: string): string[] {
  return splitByFace(faces, text.normalize('NFC'), 'Regular').flatMap(({ face, text: run }) =>
    [...run].filter((c) => !hasGlyph(faces(face), c)),
  );
}

/** Joiners draw nothing, and every face takes them. */
function hasGlyph(font: Font, character: string): boolean {
  if (character === '\u200c' || character === '\u200d') return true;
  return font.hasGlyphForCodePoint(character.codePointAt(0) ?? 0);
}

/** Punctuation stands in the face of the text before it, unless that has none of it. */
function splitByFace(faces: Faces, text: string, weight: Weight): { face: FaceName; text: string }[] {
  const runs: { face: FaceName; text: string }[] = [];
  for (const character of text) {
    const last = runs.at(-1);
    const face: FaceName = BENGALI.test(character) ? `NotoSansBengali-${weight}` : `NotoSans-${weight}`;
    const stays =
      last?.face === face || (NEUTRAL.test(character) && last && hasGlyph(faces(last.face), character));
    if (last && stays) last.text += character;
    else runs.push({ face, text: character });
  }
  return runs;
}

function place(font: Font, face: FaceName, run: GlyphRun): ShapedGlyph[] {
  const scale = 1000 / font.unitsPerEm;
  return run.glyphs.map((glyph, i) => {
    const position = run.positions[i];
    const before = run.glyphs[i - 1];
    const joined = medialForm(font, glyph.id, glyph.codePoints, before?.codePoints.at(-1));
    return {
      face,
      id: joined ?? glyph.id,
      codePoints: glyph.codePoints,
      advance:
        (joined === undefined ? (position?.xAdvance ?? 0) : font.getGlyph(joined).advanceWidth) * scale,
      x: (position?.xOffset ?? 0) * scale,
      y: (position?.yOffset ?? 0) * scale,
    };
  });
}

const E_MATRA = 0x09c7;
const AI_MATRA = 0x09c8;

/**
 * fontkit 2.0.4 gives the vowel signs ে and ৈ their word-initial form (OpenType feature 'init') after any letter but
 * a non-spacing mark; it belongs only at the beginning of a word, and the headline would break in a third of all
 * Bangla words. @returns the glyph that belongs there, when it is another
 */
function medialForm(
  font: Font,
  glyph: number,
  codePoints: readonly number[],
  before: number | undefined,
): number | undefined {
  const [sign] = codePoints;
  if (codePoints.length !== 1 || (sign !== E_MATRA && sign !== AI_MATRA) || before === undefined)
    return undefined;
  if (!/[\p{L}\p{M}\p{Cf}]/u.test(String.fromCodePoint(before))) return undefined;
  const medial = font.glyphForCodePoint(sign).id;
  return medial === glyph ? undefined : medial;
}
