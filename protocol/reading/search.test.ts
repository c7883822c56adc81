import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '../error.js';
import type { Detail, Pages } from './pages.js';
import type { GrayImage } from './pixels.js';
import { searchCodes, type SearchOptions } from './search.js';

const blank: GrayImage = { data: new Uint8Array(100 * 100).fill(255), width: 100, height: 100 };
const nothing = { texts: [], undecoded: false };

function pagesOf(count: number, over: Partial<Pages> = {}): { pages: Pages; shown: [number, Detail][] } {
  const shown: [number, Detail][] = [];
  const render = (page: number, detail: Detail) => {
    shown.push([page, detail]);
    return Promise.resolve(blank);
  };
  return { pages: { count, scalable: true, render, close: () => undefined, ...over }, shown };
}

function options(over: Partial<SearchOptions> = {}): SearchOptions {
  const isOurs = (text: string) => text.startsWith('ours');
  return {
    isOurs,
    hasTime: () => true,
    readCodes: () => Promise.resolve(nothing),
    readDamagedCode: () => undefined,
    ...over,
  };
}

test('every page is looked at, from the likeliest, before any is looked at harder', async () => {
  const { pages, shown } = pagesOf(6);
  const { complete } = await searchCodes(pages, options());
  assert.deepEqual(
    shown.filter(([, detail]) => detail === 'page').map(([page]) => page),
    [0, 5, 1, 2, 3, 4],
  );
  assert.deepEqual(
    shown.slice(6),
    [0, 5, 1, 2].map((page) => [page, 'fine']),
  );
  assert.equal(complete, true);
});

test('once a code of ours is found nothing is looked at harder, but every page is looked at', async () => {
  const { pages, shown } = pagesOf(3);
  const readCodes = () => Promise.resolve({ texts: ['ours', 'theirs'], undecoded: false });
  const { codes } = await searchCodes(pages, options({ readCodes }));
  assert.deepEqual(
    codes.map(({ page }) => page),
    [0, 2, 1],
  );
  assert.equal(shown.length, 3);
});

test('what was found so far is told on the way', async () => {
  const told: number[][] = [];
  const readCodes = () => Promise.resolve({ texts: ['ours', 'theirs'], undecoded: false });
  const onFound: SearchOptions['onFound'] = (codes) => told.push(codes.map(({ page }) => page));
  await searchCodes(pagesOf(3).pages, options({ readCodes, onFound }));
  assert.deepEqual(told, [[0], [0, 2], [0, 2, 1]]);
});

test('a page that cannot be shown does not hide the others, and the search is not complete', async () => {
  const render = (page: number) =>
    page === 0 ? Promise.reject(new ProtocolError('FILE_DAMAGED', 'no')) : Promise.resolve(blank);
  const readCodes = () => Promise.resolve({ texts: ['ours'], undecoded: false });
  const found = await searchCodes(pagesOf(2, { render }).pages, options({ readCodes }));
  assert.deepEqual(found, { codes: [{ text: 'ours', page: 1 }], complete: false });
});

test('a bug is no damaged page', async () => {
  const render = () => Promise.reject(new TypeError('a bug'));
  await assert.rejects(searchCodes(pagesOf(1, { render }).pages, options()), TypeError);
});

test('a damaged code is looked for first on pages where one was seen', async () => {
  const { pages, shown } = pagesOf(6);
  let looked = 0;
  // The fourth page looked at is page 2, from 0.
  const readCodes = () => Promise.resolve({ texts: [], undecoded: ++looked === 4 });
  const { codes } = await searchCodes(pages, options({ readCodes, readDamagedCode: () => 'ours' }));
  assert.deepEqual(codes, [{ text: 'ours', page: 2 }]);
  assert.deepEqual(shown.slice(6), [[2, 'fine']]);
});

test('a picture that shows no more at the second look is not read by the general reader again', async () => {
  for (const [scalable, times] of [
    [true, 2],
    [false, 1],
  ] as const) {
    let read = 0;
    const readCodes = () => {
      read++;
      return Promise.resolve(nothing);
    };
    await searchCodes(pagesOf(1, { scalable }).pages, options({ readCodes }));
    assert.equal(read, times);
  }
});

test('nothing more is done from the moment when the time is up', async () => {
  for (const allowed of [0, 1, 2, 3, 4, 5]) {
    let asked = 0;
    let read = 0;
    const readCodes = () => {
      read++;
      return Promise.resolve(nothing);
    };
    const readDamagedCode = () => {
      read++;
      return undefined;
    };
    const { complete } = await searchCodes(
      pagesOf(2).pages,
      options({ readCodes, readDamagedCode, hasTime: () => asked++ < allowed }),
    );
    assert.ok(read <= allowed);
    assert.equal(complete, allowed >= 2);
  }
});

test('a file of no pages is complete', async () => {
  assert.deepEqual(await searchCodes(pagesOf(0).pages, options()), { codes: [], complete: true });
});

test('what a hostile file can make us report is bounded', async () => {
  const readCodes = () =>
    Promise.resolve({ texts: Array.from({ length: 255 }, (_, i) => `ours ${i}`), undecoded: false });
  const { codes } = await searchCodes(pagesOf(40).pages, options({ readCodes }));
  assert.equal(codes.length, 50);
});
