import { MM } from '../intake/units.js';
import type { TextItem } from '../text/draw.js';
import { breakText } from '../text/lines.js';
import type { ShapedText, Shaper, Weight } from '../text/shape.js';
import type { StampDetails } from './details.js';

export interface RuleItem {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly grey: number;
}

/** One drawing of the stamp, in points from its lower left corner. All of it is on white. */
export interface StampLayout {
  readonly width: number;
  readonly height: number;
  /** The QR's dark square; its quiet zone around it lies within the stamp. */
  readonly qr: { readonly x: number; readonly y: number; readonly size: number };
  readonly texts: readonly TextItem[];
  readonly rules: readonly RuleItem[];
}

export type StampForm = 'wide' | 'tall';

const QR = 40 * MM;
const QUIET_MODULES = 4;
const LABEL_GREY = 0.32;
const RULE_GREY = 0.55;
const RULE = 0.5;

const WORDS = {
  en: { verify: 'Verify at  ·  যাচাই করুন', issued: (date: string) => `Issued ${date}` },
  bn: { verify: 'যাচাই করুন  ·  Verify at', issued: (date: string) => `ইস্যুর তারিখ ${date}` },
} as const;

/** Noto's capitals are 0.714 em high; the lines of text begin and end where the QR does. */
const CAP = 0.714;
/** Bangla hangs lower and stands higher than Latin. */
const LEADING = { en: 1.24, bn: 1.42 } as const;

interface Line {
  readonly text: ShapedText;
  readonly size: number;
  readonly ink: number;
}

interface Content {
  readonly issuer: readonly Line[];
  readonly issued: Line;
  readonly verify: Line;
  readonly host: Line;
  readonly code: Line;
}

/** The stamp beside or under its QR of `modules` modules a side. */
export function layOutStamp(
  shape: Shaper,
  details: StampDetails,
  modules: number,
  form: StampForm,
): StampLayout {
  const quiet = (QUIET_MODULES * QR) / modules;
  return form === 'wide' ? layOutWide(shape, details, quiet) : layOutTall(shape, details, quiet);
}

/** QR on the left; on the right, from top to bottom, who and when, then where to verify and the code. */
function layOutWide(shape: Shaper, details: StampDetails, quiet: number): StampLayout {
  const column = 46 * MM;
  const leading = LEADING[details.language];
  const { issuer, issued, verify, host, code } = write(shape, details, column, { issuer: 9, lines: 4 });
  const side = QR + 2 * quiet;
  const x = side + 1.5 * MM;
  const texts: TextItem[] = [];
  const put = (line: Line, y: number): void => {
    texts.push({ ...line, x, y });
  };
  let y = side - quiet;
  issuer.forEach((line, i) => {
    y -= i === 0 ? line.size * CAP : line.size * leading;
    put(line, y);
  });
  put(issued, y - issued.size * leading * 1.25);
  y = quiet;
  put(code, y);
  y += code.size * CAP + 7.5;
  put(host, y);
  y += host.size * 1.3;
  put(verify, y);
  y += verify.size * 1.25 + 2.5;
  const rules = [{ x, y, width: column, height: RULE, grey: RULE_GREY }];
  return { width: x + column, height: side, qr: { x: quiet, y: quiet, size: QR }, texts, rules };
}

/** QR on top; the code under it exactly as wide as it is. */
function layOutTall(shape: Shaper, details: StampDetails, quiet: number): StampLayout {
  const leading = LEADING[details.language];
  const { issuer, issued, verify, host, code } = write(shape, details, QR, { issuer: 7.5, lines: 3 });
  const side = QR + 2 * quiet;
  const down: [Line, number][] = [
    [code, code.size * CAP + 2],
    [verify, verify.size * 1.2 + 8],
    [host, host.size * 1.3],
    ...issuer.map((line, i): [Line, number] => [line, line.size * leading + (i === 0 ? 3.5 : 0)]),
    [issued, issued.size * leading * 1.1],
  ];
  const below = down.reduce((sum, [, step]) => sum + step, 0);
  const height = side + below + 1 * MM;
  let y = height - side;
  const texts = down.map(([line, step]): TextItem => ({ ...line, x: quiet, y: (y -= step) }));
  const codeY = texts[0]?.y ?? 0;
  const rules = [{ x: quiet, y: codeY - 5, width: QR, height: RULE, grey: RULE_GREY }];
  return { width: side, height, qr: { x: quiet, y: height - side + quiet, size: QR }, texts, rules };
}

function write(
  shape: Shaper,
  details: StampDetails,
  column: number,
  issuer: { issuer: number; lines: number },
): Content {
  const words = WORDS[details.language];
  const line = (text: string, weight: Weight, size: number, ink = 0): Line => {
    const shaped = shape(text, weight);
    return { text: shaped, size: Math.min(size, (column / shaped.width) * 1000), ink };
  };
  const code = shape(details.code, 'Bold');
  return {
    issuer: breakLines(shape, details.issuerName, column, issuer.issuer, issuer.lines),
    issued: line(words.issued(details.issuedOn), 'Regular', 7.5, LABEL_GREY),
    verify: line(words.verify, 'Regular', 6.75, LABEL_GREY),
    host: line(details.host, 'Bold', 9),
    code: { text: code, size: (column / code.width) * 1000, ink: 0 },
  };
}

/** Breaks a name into at most `most` lines of `width` points, smaller when it must be; what is left over ends in '…'. */
function breakLines(shape: Shaper, name: string, width: number, size: number, most: number): Line[] {
  for (let tried = size; ; tried -= 0.5) {
    const lines = breakText(shape, name, 'Bold', (width / tried) * 1000);
    if (lines.length <= most) return lines.map((text) => ({ text, size: tried, ink: 0 }));
    if (tried > size * 0.75) continue;
    const kept = lines.slice(0, most).map((text) => text.text);
    const last = `${kept.at(-1) ?? ''}…`;
    return [...kept.slice(0, -1), last].map((text) => {
      const shaped = shape(text, 'Bold');
      return { text: shaped, size: Math.min(tried, (width / shaped.width) * 1000), ink: 0 };
    });
  }
}
