import { number, fillWith, type Ink } from '../text/draw.js';
import { breakText } from '../text/lines.js';
import type { Shaper, Weight } from '../text/shape.js';
import { fromTop, type Page } from './page.js';
import type { Element, Role } from './structure.js';
import type { Language } from './words.js';

/** A part of a report whose height is known before it is put on a page. Points, from the upper left. */
export interface Block {
  readonly height: number;
  readonly put: (page: Page, x: number, top: number, parent: Element) => void;
}

export interface Style {
  readonly size: number;
  readonly weight?: Weight;
  readonly ink?: Ink;
  /** Distance of baselines, in sizes. Bangla, which hangs lower and stands higher than Latin, wants some. */
  readonly leading?: number;
}

/** Half the height of Noto's capitals: they stand in the middle of their line. */
export const HALF_CAPITAL = 0.357;
const LEADING = 1.42;

export interface TextOptions {
  readonly role: Role;
  readonly language?: Language;
}

/** Text in lines of at most `width`. */
export function text(
  shape: Shaper,
  content: string,
  width: number,
  { size, weight = 'Regular', ink = 0.13, leading = LEADING }: Style,
  { role, language }: TextOptions,
): Block {
  const lines = breakText(shape, content, weight, (width / size) * 1000);
  const step = size * leading;
  return {
    height: lines.length * step,
    put: (page, x, top, parent) => {
      const element = parent.add(role, language);
      lines.forEach((line, at) => {
        const y = top + at * step + step / 2 + size * HALF_CAPITAL;
        page.text(element, { text: line, size, x, y, ink });
      });
    },
  };
}

export function space(height: number): Block {
  return { height, put: () => undefined };
}

/** One under the other. */
export function stack(blocks: readonly Block[]): Block {
  return {
    height: blocks.reduce((sum, { height }) => sum + height, 0),
    put: (page, x, top, parent) => {
      let y = top;
      for (const block of blocks) {
        block.put(page, x, y, parent);
        y += block.height;
      }
    },
  };
}

/** Side by side, each at its distance from the left. */
export function beside(columns: readonly (readonly [x: number, block: Block])[]): Block {
  return {
    height: Math.max(...columns.map(([, { height }]) => height)),
    put: (page, x, top, parent) => {
      for (const [offset, block] of columns) block.put(page, x + offset, top, parent);
    },
  };
}

/** Makes what is in it the content of one element. */
export function within(role: Role, block: Block): Block {
  return { height: block.height, put: (page, x, top, parent) => block.put(page, x, top, parent.add(role)) };
}

/** The same of blocks that may stand on several pages: one element for all of them. */
export function withinOne(role: Role, blocks: readonly Block[]): Block[] {
  let element: Element | undefined;
  return blocks.map(({ height, put }) => ({
    height,
    put: (page, x, top, parent) => put(page, x, top, (element ??= parent.add(role))),
  }));
}

/** Room around a block. */
export function inset(block: Block, room: { readonly x: number; readonly y: number }): Block {
  return {
    height: block.height + 2 * room.y,
    put: (page, x, top, parent) => block.put(page, x + room.x, top + room.y, parent),
  };
}

/** A tinted ground, with a bar of a stronger ink at its left where one is given. */
export function onGround(block: Block, width: number, ground: Ink, bar?: Ink): Block {
  return {
    height: block.height,
    put: (page, x, top, parent) => {
      const y = fromTop(top + block.height);
      page.artefact(`${fillWith(ground)} ${rectangle(x, y, width, block.height)}`);
      if (bar !== undefined) page.artefact(`${fillWith(bar)} ${rectangle(x, y, BAR, block.height)}`);
      block.put(page, x, top, parent);
    },
  };
}

const BAR = 3;
const RULE = 0.5;

export function rule(width: number, ink: Ink = 0.78): Block {
  return { height: RULE, put: (page, x, top) => drawRule(page, { x, top, width, ink }) };
}

export function drawRule(
  page: Page,
  {
    x,
    top,
    width,
    ink,
  }: { readonly x: number; readonly top: number; readonly width: number; readonly ink: Ink },
): void {
  page.artefact(`${fillWith(ink)} ${rectangle(x, fromTop(top + RULE), width, RULE)}`);
}

function rectangle(x: number, y: number, width: number, height: number): string {
  return `${[x, y, width, height].map(number).join(' ')} re f`;
}
