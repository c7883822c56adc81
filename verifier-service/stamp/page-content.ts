import { ServiceError } from '../error.js';
import { MAX_CONTENT_BYTES } from '../intake/limits.js';
import type { PdfFile } from '../intake/pdf/file.js';
import { decodeStream } from '../intake/pdf/filters.js';
import type { PdfPage } from '../intake/pdf/pages.js';
import { Name, Ref, Stream, type Dict, type PdfValue } from '../intake/pdf/value.js';
import { compressed, formatNumber, type Revision } from '../intake/pdf/write.js';
import { MM } from '../intake/units.js';
import { balanceOf, type ContentBalance } from './content-balance.js';
import { embedFaces } from '../text/embed.js';
import { drawStamp } from './draw.js';
import type { StampLayout } from './layout.js';
import { multiply, toPageSpace, type Box, type PageBox, type Rect } from './page-box.js';
import type { QrSymbol } from './qr.js';
import type { StampTools } from './tools.js';

export interface PlacedStamp {
  readonly layout: StampLayout;
  /** In points, as shown. */
  readonly rect: Rect;
  /** Height in points of the foot that the page grew for it; 0 when it stands on the page as it was. */
  readonly strip: number;
}

/** Symbols of a document's code, all of them in every subset, so that one facility's stamps share a subset. */
const CODE_SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ-';
const RULE_INSET = 12 * MM;

/**
 * Draws the stamp as one form XObject after the page's own content, which is fenced off so that nothing it left
 * open reaches the stamp. The page object is written again; its content streams are not.
 */
export function addStampToPage(
  revision: Revision,
  page: PdfPage,
  box: PageBox,
  stamp: PlacedStamp,
  qr: QrSymbol,
  tools: StampTools,
): void {
  const { file } = revision;
  const { shape, subsets } = tools;
  const texts = [...stamp.layout.texts.map(({ text }) => text), shape(CODE_SYMBOLS, 'Bold')];
  const { faces, fonts } = embedFaces(revision, texts, subsets);
  const { content, bounds, origin } = drawForm(stamp, box, drawStamp(stamp.layout, qr, faces));
  const form = revision.add(
    compressed(
      new Map<string, PdfValue>([
        ['Type', new Name('XObject')],
        ['Subtype', new Name('Form')],
        ['BBox', [...bounds]],
        ['Resources', new Map<string, PdfValue>([['Font', fonts]])],
      ]),
      Buffer.from(content, 'latin1'),
    ),
  );
  const { resources, name } = addXObject(file, page.attributes.get('Resources'), form);
  const { unmatchedRestores, closing } = readBalance(file, page);
  const matrix = multiply([1, 0, 0, 1, origin.x, origin.y], toPageSpace(box)).map((value) =>
    formatNumber(round(value)),
  );
  const before = 'q '.repeat(unmatchedRestores + 1);
  // an artefact: readers aloud are told the document, not its stamp, unless they ask
  const after = `\n${closing}Q /Artifact BMC q ${matrix.join(' ')} cm /${name} Do Q EMC\n`;
  const dict: Dict = new Map(page.dict);
  dict.set('Resources', resources);
  dict.set('Contents', [
    revision.add(new Stream(new Map(), Buffer.from(`${before}\n`))),
    ...contentRefs(file, page),
    revision.add(new Stream(new Map(), Buffer.from(after))),
  ]);
  if (stamp.strip > 0) {
    dict.set('MediaBox', box.media.map(round));
    if (box.cropped) dict.set('CropBox', box.shown.map(round));
  }
  revision.replace(page.ref, dict);
}

const round = (value: number): number => Math.round(value * 1e5) / 1e5;

/** On the page as it was, the stamp alone; in a strip, the strip's white ground and a rule that divides it off. */
function drawForm(
  { rect, strip }: PlacedStamp,
  box: PageBox,
  stamp: string,
): { content: string; bounds: Box; origin: { x: number; y: number } } {
  if (strip === 0) return { content: stamp, bounds: [0, 0, rect.width, rect.height], origin: rect };
  const number = (value: number): string => formatNumber(round(value));
  const inset = Math.min(RULE_INSET, box.width / 18);
  const content = [
    `q 1 g 0 0 ${number(box.width)} ${number(strip)} re f`,
    `0.55 g ${number(inset)} ${number(strip - 0.75)} ${number(box.width - 2 * inset)} 0.5 re f`,
    `1 0 0 1 ${number(rect.x)} ${number(rect.y)} cm`,
    stamp,
    'Q',
  ].join('\n');
  return { content, bounds: [0, 0, round(box.width), round(strip)], origin: { x: 0, y: 0 } };
}

function addXObject(
  file: PdfFile,
  value: PdfValue | undefined,
  form: Ref,
): { resources: Dict; name: string } {
  const resources: Dict = new Map(file.dict(value));
  const xObjects: Dict = new Map(file.dict(resources.get('XObject')));
  let name = 'SpondonStamp';
  for (let i = 2; xObjects.has(name); i++) name = `SpondonStamp${i}`;
  resources.set('XObject', xObjects.set(name, form));
  return { resources, name };
}

function contentRefs(file: PdfFile, page: PdfPage): Ref[] {
  const value = page.dict.get('Contents');
  if (value instanceof Ref && file.resolve(value) instanceof Stream) return [value];
  return file
    .array(value)
    .filter((item): item is Ref => item instanceof Ref && file.resolve(item) instanceof Stream);
}

function readBalance(file: PdfFile, page: PdfPage): ContentBalance {
  const parts: Uint8Array[] = [];
  let left = MAX_CONTENT_BYTES;
  for (const ref of contentRefs(file, page)) {
    const stream = file.resolve(ref);
    if (!(stream instanceof Stream)) continue;
    try {
      const part = decodeStream(stream, file.resolve, left);
      left -= part.length;
      parts.push(part, Buffer.from('\n'));
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'FILE_DAMAGED') throw error;
      // content that does not decode draws nothing, and so leaves nothing open
    }
  }
  return balanceOf(Buffer.concat(parts));
}
