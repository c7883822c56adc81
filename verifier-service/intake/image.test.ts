import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { startViewer, type OpenShown } from '../stamp/test-pages.js';
import { imageToPdf } from './image.js';
import { openPdf } from './pdf/file.js';
import { Stream, isName } from './pdf/value.js';
import { readPng } from './png.js';
import { MM } from './units.js';

const SIZES = [
  { width: 91 * MM, height: 44 * MM },
  { width: 44 * MM, height: 68 * MM },
];
/** A red corner on a light page: which way is up can be told. */
const picture = (width = 300, height = 400): Sharp =>
  sharp({ create: { width, height, channels: 3, background: '#f0f0e0' } })
    .composite([
      { input: { create: { width: 60, height: 40, channels: 3, background: '#e01010' } }, left: 10, top: 10 },
    ])
    .removeAlpha();

let view: OpenShown;
before(async () => {
  view = await startViewer();
});

function imageOf(pdf: Uint8Array): Stream {
  const file = openPdf(pdf);
  for (const number of file.xref.entries.keys()) {
    const object = file.get(number);
    if (object instanceof Stream && isName(object.dict.get('Subtype'), 'Image')) return object;
  }
  throw new Error('no image');
}

/** Where the red corner is shown: left or right, top or bottom of the page's middle; and the ground's colour. */
async function look(pdf: Uint8Array): Promise<{ corner: string; ground: string; wide: boolean }> {
  const shown = await view(pdf);
  const { width, height, pixels } = await shown.page(0, 36);
  shown.close();
  const counts = new Map<string, number>();
  let [sumX, sumY, red, minX, maxX, minY, maxY] = [0, 0, 0, width, 0, height, 0];
  for (let i = 0; i < width * height; i++) {
    const [r = 0, g = 0, b = 0] = pixels.subarray(i * 4, i * 4 + 3);
    if (r > 250 && g > 250 && b > 250) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    [minX, maxX, minY, maxY] = [Math.min(minX, x), Math.max(maxX, x), Math.min(minY, y), Math.max(maxY, y)];
    if (r > g + 80) [sumX, sumY, red] = [sumX + x, sumY + y, red + 1];
    else counts.set(`${r >> 4} ${g >> 4} ${b >> 4}`, (counts.get(`${r >> 4} ${g >> 4} ${b >> 4}`) ?? 0) + 1);
  }
  const corner = `${sumY / red < (minY + maxY) / 2 ? 'top' : 'bottom'}-${sumX / red < (minX + maxX) / 2 ? 'left' : 'right'}`;
  const ground = [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
  return { corner, ground, wide: maxX - minX > maxY - minY };
}

for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`Exif orientation ${orientation} is shown as the picture library shows it`, async () => {
    const stored = await picture().withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const upright = await sharp(stored).autoOrient().jpeg({ quality: 95 }).toBuffer();
    const [pdf, expected] = await Promise.all(
      [stored, upright].map((bytes) => imageToPdf(bytes, 'jpeg', SIZES, 'bottom-right')),
    );
    assert.ok(pdf && expected);
    assert.deepEqual(await look(pdf.bytes), await look(expected.bytes));
  });
}

test('a JPEG goes in as it is, but for what the camera wrote about it', async () => {
  const jpeg = await picture()
    .withExif({ IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '23/1 43/1 0/1' }, IFD0: { Artist: 'Somebody' } })
    .jpeg({ progressive: true })
    .toBuffer();
  assert.ok(jpeg.includes('Somebody'));
  const trailed = Buffer.concat([jpeg, Buffer.from('a film that a phone hung behind its photograph')]);
  const { bytes } = await imageToPdf(trailed, 'jpeg', SIZES, 'bottom-right');
  const { data } = imageOf(bytes);
  assert.ok(!Buffer.from(bytes).includes('Somebody') && !Buffer.from(bytes).includes('film'));
  const raw = (image: Uint8Array): Promise<Buffer> => sharp(image).raw().toBuffer();
  assert.deepEqual(await raw(data), await raw(jpeg), 'every pixel is as it was');
});

test('a JPEG with stray bytes between its segments is shown whole', async () => {
  const jpeg = await picture().jpeg({ quality: 95 }).toBuffer();
  const scan = jpeg.indexOf('ffda', 0, 'hex');
  const stray = Buffer.concat([jpeg.subarray(0, scan), Buffer.alloc(3), jpeg.subarray(scan)]);
  const [shown, expected] = await Promise.all(
    [stray, jpeg].map(async (bytes) => look((await imageToPdf(bytes, 'jpeg', SIZES, 'bottom-right')).bytes)),
  );
  assert.deepEqual(shown, expected);
});

test('plain PNG rows go in as they are', async () => {
  for (const options of [{}, { palette: true, colours: 16 }]) {
    const png = await picture().png(options).toBuffer();
    const { bytes } = await imageToPdf(png, 'png', SIZES, 'bottom-right');
    assert.deepEqual(Buffer.from(imageOf(bytes).data), Buffer.from(readPng(png)?.rows ?? []));
    assert.deepEqual(await look(bytes), { corner: 'top-left', ground: '15 15 14', wide: false });
  }
});

test('every kind of picture is shown in its colours', async () => {
  const kinds: [string, 'png' | 'jpeg', Promise<Buffer>][] = [
    ['CMYK', 'jpeg', picture().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()],
    ['interlaced', 'png', picture().png({ progressive: true }).toBuffer()],
    ['16 bits', 'png', picture().toColourspace('rgb16').png().toBuffer()],
    [
      'with alpha',
      'png',
      sharp(await picture().png().toBuffer())
        .ensureAlpha(1)
        .png()
        .toBuffer(),
    ],
    ['with a profile', 'png', picture().withIccProfile('srgb').png().toBuffer()],
    ['JPEG with a profile', 'jpeg', picture().withIccProfile('srgb').jpeg({ quality: 95 }).toBuffer()],
  ];
  for (const [kind, type, bytes] of kinds) {
    const { corner, ground } = await look((await imageToPdf(await bytes, type, SIZES, 'bottom-right')).bytes);
    assert.equal(corner, 'top-left', kind);
    assert.match(ground, /^1[45] 1[45] 1[345]$/, kind);
  }
});

test('what is transparent is white', async () => {
  const png = await sharp({
    create: { width: 200, height: 100, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
  })
    .composite([
      { input: { create: { width: 40, height: 20, channels: 3, background: '#e01010' } }, left: 0, top: 0 },
    ])
    .png()
    .toBuffer();
  const { ground } = await look((await imageToPdf(png, 'png', SIZES, 'bottom-right')).bytes);
  assert.match(ground, /^15/, 'nothing but the corner is dark');
});

test('a grey picture with alpha is shown grey', async () => {
  const raw = Buffer.alloc(100 * 100 * 2, 128);
  const png = await sharp(raw, { raw: { width: 100, height: 100, channels: 2 } })
    .png()
    .toBuffer();
  const { bytes } = await imageToPdf(png, 'png', SIZES, 'bottom-right');
  const shown = await view(bytes);
  await shown.page(0, 36);
  shown.close();
});

test('the page is A4, whichever way the picture is larger, and keeps room for a stamp', async () => {
  for (const [width, height] of [
    [300, 400],
    [400, 300],
    [1000, 100],
    [100, 1000],
    [500, 500],
  ] as const) {
    for (const corner of ['bottom-right', 'bottom-left', 'top-right', 'top-left'] as const) {
      const { bytes, room } = await imageToPdf(
        await picture(width, height).jpeg().toBuffer(),
        'jpeg',
        SIZES,
        corner,
      );
      const shown = await view(bytes);
      const page = await shown.page(0, 72);
      shown.close();
      assert.deepEqual(
        [page.width, page.height].sort((a, b) => a - b),
        [595, 841],
      );
      assert.ok(SIZES.some((size) => room.width >= size.width - 0.01 && room.height >= size.height - 0.01));
      for (let y = Math.ceil(room.y); y < room.y + room.height - 1; y++) {
        for (let x = Math.ceil(room.x); x < room.x + room.width - 1; x++) {
          assert.equal(
            page.pixels[((page.height - 1 - y) * page.width + x) * 4 + 1],
            255,
            'the room is empty',
          );
        }
      }
    }
  }
});

test('pictures that are not whole are refused', async () => {
  const jpeg = await picture().jpeg().toBuffer();
  const png = await picture().png().toBuffer();
  const flipped = Buffer.from(png);
  flipped[19] = (flipped[19] ?? 0) ^ 1; // the width no longer agrees with its check sum
  const broken: [Buffer, 'png' | 'jpeg'][] = [
    [jpeg.subarray(0, jpeg.length / 2), 'jpeg'],
    [png.subarray(0, png.length / 2), 'png'],
    [flipped, 'png'],
    [Buffer.from('ffd8ffe0', 'hex'), 'jpeg'],
  ];
  for (const [bytes, type] of broken) {
    await assert.rejects(imageToPdf(bytes, type, SIZES, 'bottom-right'), { code: 'FILE_DAMAGED' });
  }
});

test('a picture of more pixels than any camera takes is refused before it is decoded', async () => {
  const png = await sharp({ create: { width: 20_000, height: 5_000, channels: 3, background: '#fff' } })
    .png({ compressionLevel: 9 })
    .toBuffer();
  assert.ok(png.length < 1_000_000);
  await assert.rejects(imageToPdf(png, 'png', SIZES, 'bottom-right'), { code: 'FILE_BOMB' });
});
