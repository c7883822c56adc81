import { utf16Hex } from '../intake/pdf/strings.js';
import { formatNumber } from '../intake/pdf/write.js';
import type { FaceSubset, NamedFaces } from './embed.js';
import type { ShapedGlyph, ShapedText } from './shape.js';

/** A line of text in its place. */
export interface TextItem {
  readonly text: ShapedText;
  readonly size: number;
  /** Left end of the baseline, in points from the lower left corner of what is drawn. */
  readonly x: number;
  readonly y: number;
  readonly ink: Ink;
}

/** A grey, from 0 black to 1 white, or a colour of red, green and blue. */
export type Ink = number | readonly [number, number, number];

/** As a content stream has it, to a thousandth of a point. */
export const number = (value: number): string => formatNumber(Math.round(value * 1000) / 1000);

/** The operator that fills with an ink. */
export function fillWith(ink: Ink): string {
  return typeof ink === 'number' ? `${number(ink)} g` : `${ink.map(number).join(' ')} rg`;
}

/** A line of text; its real characters stand beside glyphs whose order or number is not theirs. */
export function drawText({ text, size, x, y, ink }: TextItem, faces: NamedFaces): string {
  const parts: string[] = [];
  let pen = 0;
  for (let at = 0; at < text.glyphs.length;) {
    const first = text.glyphs[at];
    if (first === undefined) break;
    let to = at;
    while (text.glyphs[to]?.face === first.face && text.glyphs[to]?.y === first.y) to++;
    const named = faces.get(first.face);
    const run = text.glyphs.slice(at, to);
    if (named !== undefined) {
      parts.push(`/${named.resource} ${number(size)} Tf ${number((first.y * size) / 1000)} Ts`);
      parts.push(
        `1 0 0 1 ${number(x + (pen * size) / 1000)} ${number(y)} Tm ${showGlyphs(run, named.subset)}`,
      );
    }
    pen += run.reduce((sum, glyph) => sum + glyph.advance, 0);
    at = to;
  }
  const actual = utf16Hex(text.text);
  return `/Span <</ActualText <${actual}>>> BDC BT ${fillWith(ink)}\n${parts.join('\n')}\nET EMC`;
}

/** Glyphs with the pen corrected wherever the font's own advance is not the one wanted. */
function showGlyphs(glyphs: readonly ShapedGlyph[], subset: FaceSubset): string {
  let out = '';
  let codes = '';
  let correction = 0;
  const flush = (): void => {
    if (codes !== '') out += `<${codes}>`;
    codes = '';
  };
  for (const glyph of glyphs) {
    const before = correction + glyph.x;
    if (Math.abs(before) >= 0.5) {
      flush();
      out += ` ${number(-before)} `;
    }
    codes += (subset.codeOf.get(glyph.id) ?? 0).toString(16).padStart(4, '0');
    correction = (Math.abs(before) >= 0.5 ? 0 : before) + glyph.advance - glyph.x - subset.widthOf(glyph.id);
  }
  flush();
  return `[${out}] TJ`;
}
