import { formatNumber } from '../intake/pdf/write.js';
import { drawText, number } from '../text/draw.js';
import type { NamedFaces } from '../text/embed.js';
import type { StampLayout } from './layout.js';
import { darkRectangles, type QrSymbol } from './qr.js';

/** The stamp's content stream: white ground, QR, rules, text. */
export function drawStamp(layout: StampLayout, qr: QrSymbol, faces: NamedFaces): string {
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
