import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPdf } from '../intake/pdf/file.js';
import { listPages } from '../intake/pdf/pages.js';
import { readPageBox, type Box } from './page-box.js';
import type { DrawnObject, PageView } from './page-view.js';
import type { StampSize } from './placement.js';
import { findRoom, type PageToStamp } from './room.js';
import { makeReport } from './test-pdfs.js';

const SIZES: readonly StampSize[] = [
  { form: 'wide', width: 260, height: 124, bleed: 5 },
  { form: 'tall', width: 124, height: 190, bleed: 5 },
];
const [WIDTH, HEIGHT] = [595.28, 841.89];
const TEXT: DrawnObject = { isImage: false, bounds: [60, 500, 535, 780] };
const LOWER_RIGHT: Box = [300, 20, 590, 250];

/** A page that says it draws `objects`, shows black where it draws `black`, and keeps what was asked of it. */
async function pageOf(
  objects: readonly DrawnObject[] | undefined,
  black: readonly Box[],
): Promise<{ page: PageToStamp; drawn: ('whole' | 'part')[] }> {
  const file = openPdf(await makeReport({ lines: 0 }));
  const [page] = listPages(file);
  if (page === undefined) throw new Error('a report has a page');
  const drawn: ('whole' | 'part')[] = [];
  const view: PageView = {
    width: WIDTH,
    height: HEIGHT,
    objects: (most) => (objects && objects.length <= most ? [...objects] : undefined),
    render: (whole, area) => {
      drawn.push(area ? 'part' : 'whole');
      const { x, y, width, height } = area ?? { x: 0, y: 0, ...whole };
      const pixels = new Uint8Array(width * height * 4).fill(255);
      const unit = WIDTH / whole.width;
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++) {
          const [left, top] = [(x + column) * unit, HEIGHT - (y + row) * unit];
          const isBlack = black.some(([l, b, r, t]) => left >= l && left < r && top > b && top <= t);
          if (isBlack) pixels.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3);
        }
      return { width, height, pixels };
    },
  };
  return { page: { file, page, box: readPageBox(file, page), view }, drawn };
}

test('where the page says that the corner is free, only the place of the stamp is drawn', async () => {
  const { page, drawn } = await pageOf([TEXT], [TEXT.bounds]);
  const place = findRoom(page, SIZES, 'bottom-right');
  assert.ok(place && place.form === 'wide' && place.rect.x > WIDTH / 2 - 60 && place.rect.y < 100);
  assert.deepEqual(drawn, ['part']);
});

test('what a page does not say that it draws is seen all the same, and not covered', async () => {
  const { page, drawn } = await pageOf([TEXT], [TEXT.bounds, LOWER_RIGHT]);
  const place = findRoom(page, SIZES, 'bottom-right');
  assert.deepEqual(drawn, ['part', 'whole']);
  assert.ok(place);
  const { x, y, width } = place.rect;
  assert.ok(x + width <= LOWER_RIGHT[0] || y >= LOWER_RIGHT[3], `${x}, ${y}`);
});

test('what is drawn white or not at all takes no room', async () => {
  const { page, drawn } = await pageOf([TEXT, { isImage: false, bounds: LOWER_RIGHT }], [TEXT.bounds]);
  const place = findRoom(page, SIZES, 'bottom-right');
  assert.ok(place && place.rect.x > WIDTH / 2 - 60 && place.rect.y < 100);
  assert.deepEqual(drawn, ['whole']);
});

test('a ground or frame as large as the page does not keep the place from being found without drawing it all', async () => {
  const ground: DrawnObject = { isImage: false, bounds: [0, 0, WIDTH, HEIGHT] };
  const { page, drawn } = await pageOf([ground, TEXT], [TEXT.bounds]);
  assert.equal(findRoom(page, SIZES, 'bottom-right')?.corner, 'bottom-right');
  assert.deepEqual(drawn, ['part']);
});

test('a scan, and a page that does not say what it draws, is drawn once', async () => {
  for (const objects of [[{ isImage: true, bounds: [0, 0, WIDTH, HEIGHT] as Box }], undefined]) {
    const { page, drawn } = await pageOf(objects, [TEXT.bounds]);
    assert.ok(findRoom(page, SIZES, 'bottom-right'));
    assert.deepEqual(drawn, ['whole']);
  }
});

test('a page that is full has no room', async () => {
  const all: Box = [0, 0, WIDTH, HEIGHT];
  const { page } = await pageOf([{ isImage: false, bounds: all }], [all]);
  assert.equal(findRoom(page, SIZES, 'bottom-right'), undefined);
});
