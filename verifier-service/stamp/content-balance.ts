/**
 * What a page's content leaves open when it ends (ISO 32000-2, 8.4.2, 9.4, 14.6), so that the stamp can be drawn as
 * if on an empty page. Producers do leave things open, and some close more than they opened.
 */
export interface ContentBalance {
  /** Q without a q before it. */
  readonly unmatchedRestores: number;
  /** What closes whatever is still open, in order. */
  readonly closing: string;
}

const EVERYTHING_CLOSED: ContentBalance = { unmatchedRestores: 0, closing: '' };

/** Looked up for each byte of a content that may have millions. */
const [SPACE, DELIMITER] = [1, 2];
const CLASS_OF = new Uint8Array(256);
for (const code of [0, 9, 10, 12, 13, 32]) CLASS_OF[code] = SPACE;
for (const code of Buffer.from('()<>[]{}/%')) CLASS_OF[code] = DELIMITER;

/** Of the operators that open or close something: q Q BT ET BMC BDC EMC, and ID before an inline image's data. */
const INITIALS = new Set(Buffer.from('qQBEI'));

const isSpace = (code: number | undefined): boolean => code !== undefined && CLASS_OF[code] === SPACE;
const ends = (code: number | undefined): boolean => code === undefined || CLASS_OF[code] !== 0;

/** @param content the page's decoded content streams, joined by white space */
export function balanceOf(content: Uint8Array): ContentBalance {
  const open: ('q' | 'BT' | 'BMC')[] = [];
  let unmatchedRestores = 0;
  const close = (what: 'q' | 'BT' | 'BMC'): boolean => {
    const at = open.lastIndexOf(what);
    if (at >= 0) open.splice(at, 1);
    return at >= 0;
  };
  for (let at = 0; at < content.length;) {
    const code = content[at];
    if (code === 0x28) at = endOfString(content, at);
    else if (code === 0x25) at = endOfLine(content, at);
    else if (ends(code) || code === undefined) at++;
    else {
      const start = at;
      while (!ends(content[at])) at++;
      if (at - start > 3 || !INITIALS.has(code) || content[start - 1] === 0x2f) continue;
      const word = String.fromCharCode(...content.subarray(start, at));
      if (word === 'q') open.push('q');
      else if (word === 'Q') unmatchedRestores += close('q') ? 0 : 1;
      else if (word === 'BT') open.push('BT');
      else if (word === 'ET') close('BT');
      else if (word === 'BMC' || word === 'BDC') open.push('BMC');
      else if (word === 'EMC') close('BMC');
      else if (word === 'ID') at = endOfInlineImage(content, at);
    }
  }
  if (open.length === 0 && unmatchedRestores === 0) return EVERYTHING_CLOSED;
  const ending = { q: 'Q', BT: 'ET', BMC: 'EMC' } as const;
  return {
    unmatchedRestores,
    closing: open
      .reverse()
      .map((what) => `${ending[what]} `)
      .join(''),
  };
}

function endOfString(content: Uint8Array, from: number): number {
  let depth = 0;
  for (let at = from; at < content.length; at++) {
    const code = content[at];
    if (code === 0x5c) at++;
    else if (code === 0x28) depth++;
    else if (code === 0x29 && --depth === 0) return at + 1;
  }
  return content.length;
}

function endOfLine(content: Uint8Array, from: number): number {
  let at = from;
  while (at < content.length && content[at] !== 10 && content[at] !== 13) at++;
  return at;
}

/** Image data runs to an EI that stands alone and is followed by something that looks like operators. */
function endOfInlineImage(content: Uint8Array, from: number): number {
  for (let at = from + 1; at + 1 < content.length; at++) {
    if (
      content[at] !== 0x45 ||
      content[at + 1] !== 0x49 ||
      !isSpace(content[at - 1]) ||
      !ends(content[at + 2])
    )
      continue;
    const after = content.subarray(at + 2, at + 12);
    if (after.every((code) => code < 127 && (code >= 32 || isSpace(code)))) return at + 2;
  }
  return content.length;
}
