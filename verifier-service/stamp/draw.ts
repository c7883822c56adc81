import { formatNumber } from '../intake/pdf/write.js';
import type { FaceSubset } from './embed.js';
import type { FaceName } from './faces.js';
import type { StampLayout, TextItem } from './layout.js';
import { darkRectangles, type QrSymbol } from './qr.js';
import type { ShapedGlyph } from './shape.js';

/** A face as the content stream names it. */
export interface NamedFace {
  readonly resource: string;
  readonly subset: FaceSubset;
}

const number = (value: number): string => formatNumber(Math.round(value * 1000) / 1000);

/** The stamp's content stream: white ground, QR, rules, text. */
export function drawStamp(
  layout: StampLayout,
  qr: QrSymbol,
  faces: ReadonlyMap<FaceName, NamedFace>,
): string {
  const parts = [`q 1 g 0 0 ${number(layout.width)} ${number(layout.height)} re f 0 g`, drawQr(layout, qr)];
  for (const { x, y, width, height, grey } of layout.rules) {
    parts.push(`${number(grey)} g ${[x, y, width, height].map(number).join(' ')} re f`);
  }
  for (const item of layout.texts) parts.push(drawText(item, faces));
  parts.push('Q');
  return parts.join('\n');
}

function drawQr({ qr: { x, y, size } }: StampLayout, symbol: QrSymbol): string {
  const module = size / symbol.size;
  const scale = formatNumber(Math.round(module * 1e6) / 1e6);
  const rectangles = darkRectangles(symbol).map(
    ([column, row, width, height]) => `${column} ${row} ${width} ${height} re`,
  );
  // one path: neighbouring rectangles filled one by one would show hairlines between them
  return `q ${scale} 0 0 -${scale} ${number(x)} ${number(y + size)} cm\n${rectangles.join('\n')}\nf Q`;
}

/** A line of text; its real characters stand beside glyphs whose order or number is not theirs. */
function drawText({ text, size, x, y, grey }: TextItem, faces: ReadonlyMap<FaceName, NamedFace>): string {
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
  const actual = Buffer.from(`\ufeff${text.text}`, 'utf16le').swap16().toString('hex');
  return `/Span <</ActualText <${actual}>>> BDC BT ${number(grey)} g\n${parts.join('\n')}\nET EMC`;
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
