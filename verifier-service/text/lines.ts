import type { ShapedText, Shaper, Weight } from './shape.js';

/**
 * Text in lines of at most `width`, in thousandths of the font size: broken between words, and within one that is wider
 * than a line. Runs of spaces become one. An empty text is one empty line.
 */
export function breakText(shape: Shaper, text: string, weight: Weight, width: number): ShapedText[] {
  const space = shape(' ', weight).width;
  const lines: string[][] = [];
  let used = Infinity;
  for (const word of text.trim().split(/\s+/)) {
    const parts = splitWord(shape, word, weight, width);
    const [{ width: wide } = { width: 0 }] = parts;
    if (parts.length === 1 && used + space + wide <= width) {
      lines.at(-1)?.push(word);
      used += space + wide;
      continue;
    }
    for (const part of parts) {
      lines.push([part.text]);
      used = part.width;
    }
  }
  return lines.map((words) => shape(words.join(' '), weight));
}

/** A word wider than the line breaks where it must, between letters as people see them. */
function splitWord(shape: Shaper, word: string, weight: Weight, width: number): ShapedText[] {
  const whole = shape(word, weight);
  if (whole.width <= width || word.length < 2) return [whole];
  const letters = Array.from(graphemes.segment(word), ({ segment }) => segment);
  if (letters.length < 2) return [whole];
  let first = Math.max(1, Math.min(letters.length - 1, Math.ceil((letters.length * width) / whole.width)));
  const joined = (from: number, to?: number): string => letters.slice(from, to).join('');
  while (first > 1 && shape(joined(0, first), weight).width > width) first -= 1;
  return [shape(joined(0, first), weight), ...splitWord(shape, joined(first), weight, width)];
}

const graphemes = new Intl.Segmenter('bn', { granularity: 'grapheme' });
