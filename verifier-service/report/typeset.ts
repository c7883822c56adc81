import { createHash } from 'node:crypto';
import { formatMoment } from '@spondon/protocol/civil-time';
import { PdfFile } from '../intake/pdf/file.js';
import { asciiString, dateString } from '../intake/pdf/strings.js';
import { Name, Ref, Stream, type Dict, type PdfValue } from '../intake/pdf/value.js';
import { compressed, Revision } from '../intake/pdf/write.js';
import { embedFaces, type Subsets } from '../text/embed.js';
import type { Faces } from '../text/faces.js';
import type { Shaper } from '../text/shape.js';
import type { Attachment, ReportContents } from './contents.js';
import { A4, type Page } from './page.js';
import { addSignatureField } from './signature.js';
import { setSeveral } from './several.js';
import { setSingle } from './single.js';
import { Element, writeStructure } from './structure.js';
import { createVisible } from './visible.js';
import { TITLE } from './words.js';

export interface ReportTools {
  readonly faces: Faces;
  readonly shape: Shaper;
  readonly subsets: Subsets;
}

export interface SignatureRoom {
  /** Unix ms. */
  readonly at: number;
  /** Bytes that are kept free for the signature. */
  readonly size: number;
}

/** A report as a PDF that waits for its signature: see `fillInSignature`. */
export function typesetReport(
  contents: ReportContents,
  attachments: readonly Attachment[],
  { at, size }: SignatureRoom,
  { faces, shape, subsets }: ReportTools,
): Uint8Array {
  const root = new Element('Document', 'en');
  const visible = createVisible(faces);
  const [only, ...others] = contents.items;
  const pages =
    only && others.length === 0
      ? setSingle(contents, only, shape, visible, root)
      : setSeveral(contents, shape, visible, root);
  const revision = newPdf();
  const catalogue = revision.add(null);
  const tree = revision.add(null);
  const widget = revision.add(null);
  const { faces: named, fonts } = embedFaces(
    revision,
    pages.flatMap(({ texts }) => texts),
    subsets,
  );
  const resources = revision.add(new Map<string, PdfValue>([['Font', fonts]]));
  const shared = { tree, resources, widget };
  const pageRefs = pages.map((page) => writePage(revision, page, page.draw(named), shared));
  revision.replace(
    tree,
    new Map<string, PdfValue>([
      ['Type', new Name('Pages')],
      ['Kids', pageRefs],
      ['Count', pageRefs.length],
    ]),
  );
  const files = attachments.map((file) => attach(revision, file, contents.at));
  const [firstPage] = pageRefs;
  if (!firstPage) throw new Error('a report without a page');
  const dict: Dict = new Map<string, PdfValue>([
    ['Type', new Name('Catalog')],
    ['Pages', tree],
    ['Lang', asciiString('en')],
    ['MarkInfo', new Map([['Marked', true]])],
    ['StructTreeRoot', writeStructure(revision, root, pageRefs)],
    ['ViewerPreferences', new Map([['DisplayDocTitle', true]])],
    ['Metadata', revision.add(metadata(contents))],
  ]);
  if (files.length > 0) {
    dict.set(
      'AF',
      files.map(({ ref }) => ref),
    );
    dict.set('Names', new Map([['EmbeddedFiles', new Map([['Names', namesOf(files)]])]]));
  }
  const texts = { at, reason: TITLE.en, location: new URL(contents.origin).host };
  dict.set('AcroForm', addSignatureField(revision, { page: firstPage, widget }, texts, size));
  revision.replace(catalogue, dict);
  return revision.toBytes(createHash('sha256').update(JSON.stringify(contents)).digest().subarray(0, 16));
}

/** Nothing but a header, to which everything is added; its first object is the catalogue. */
function newPdf(): Revision {
  const header = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1');
  const trailer: Dict = new Map([['Root', new Ref(1, 0)]]);
  return new Revision(
    new PdfFile(header, { entries: new Map(), trailer, start: undefined, asStream: false }),
  );
}

function writePage(
  revision: Revision,
  { number }: Page,
  content: string,
  { tree, resources, widget }: { readonly tree: Ref; readonly resources: Ref; readonly widget: Ref },
): Ref {
  const dict: Dict = new Map<string, PdfValue>([
    ['Type', new Name('Page')],
    ['Parent', tree],
    ['MediaBox', [0, 0, A4.width, A4.height].map((value) => Math.round(value * 100) / 100)],
    ['Resources', resources],
    ['Contents', revision.add(compressed(new Map(), Buffer.from(content, 'latin1')))],
    ['StructParents', number],
    ['Tabs', new Name('S')],
  ]);
  if (number === 0) dict.set('Annots', [widget]);
  return revision.add(dict);
}

interface AttachedFile {
  readonly name: string;
  readonly ref: Ref;
}

/** An associated file (ISO 32000-2, 14.13): what supports the report, as a file of its own. */
function attach(
  revision: Revision,
  { name, description, mediaType, text }: Attachment,
  at: number,
): AttachedFile {
  const data = Buffer.from(text);
  const stream = revision.add(
    compressed(
      new Map<string, PdfValue>([
        ['Type', new Name('EmbeddedFile')],
        ['Subtype', new Name(mediaType)],
        [
          'Params',
          new Map<string, PdfValue>([
            ['Size', data.length],
            ['ModDate', dateString(at)],
          ]),
        ],
      ]),
      data,
    ),
  );
  const ref = revision.add(
    new Map<string, PdfValue>([
      ['Type', new Name('Filespec')],
      ['F', asciiString(name)],
      ['UF', asciiString(name)],
      ['Desc', asciiString(description)],
      ['AFRelationship', new Name('Supplement')],
      [
        'EF',
        new Map([
          ['F', stream],
          ['UF', stream],
        ]),
      ],
    ]),
  );
  return { name, ref };
}

/** A name tree is sorted by the bytes of the names (ISO 32000-2, 7.9.6). */
function namesOf(files: readonly AttachedFile[]): PdfValue[] {
  return files
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, ref }): PdfValue[] => [asciiString(name), ref]);
}

/** XMP (ISO 16684-1), uncompressed so that archives' tools find it. */
function metadata({ origin, at }: ReportContents): Stream {
  const { host } = new URL(origin);
  const title = `${TITLE.en}, ${host}, ${formatMoment(at)}`;
  const packet = [
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">',
    `<dc:title><rdf:Alt><rdf:li xml:lang="x-default">${title}</rdf:li></rdf:Alt></dc:title>`,
    `<xmp:CreateDate>${new Date(at).toISOString()}</xmp:CreateDate>`,
    '</rdf:Description></rdf:RDF></x:xmpmeta>',
    '<?xpacket end="r"?>',
  ].join('\n');
  return new Stream(
    new Map([
      ['Type', new Name('Metadata')],
      ['Subtype', new Name('XML')],
    ]),
    Buffer.from(packet),
  );
}
