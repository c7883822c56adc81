import { createHash } from 'node:crypto';
import { formatMoment } from '@spondon/protocol/civil-time';
import { PdfFile } from '../intake/pdf/file.js';
import { asciiString } from '../intake/pdf/strings.js';
import { dictOf, Name, Ref, Stream } from '../intake/pdf/value.js';
import { compressed, Revision } from '../intake/pdf/write.js';
import { embedFaces, type Subsets } from '../text/embed.js';
import type { Faces } from '../text/faces.js';
import type { Shaper } from '../text/shape.js';
import { attachFiles } from './attachments.js';
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

/** The pages, before they are written; below `root` what their parts are to a reader. */
export function setPages(
  contents: ReportContents,
  { faces, shape }: Pick<ReportTools, 'faces' | 'shape'>,
  root: Element,
): Page[] {
  const visible = createVisible(faces);
  const [only, ...others] = contents.items;
  return only && others.length === 0
    ? setSingle(contents, only, shape, visible, root)
    : setSeveral(contents, shape, visible, root);
}

/** A report as a PDF that waits for its signature: see `fillInSignature`. */
export function typesetReport(
  contents: ReportContents,
  attachments: readonly Attachment[],
  signature: SignatureRoom,
  tools: ReportTools,
): Uint8Array {
  const root = new Element('Document', 'en');
  const pages = setPages(contents, tools, root);
  const revision = newPdf();
  const [catalogue, tree, widget] = [revision.add(null), revision.add(null), revision.add(null)];
  const texts = pages.flatMap(({ lines }) => lines.map(({ text }) => text));
  const { faces, fonts } = embedFaces(revision, texts, tools.subsets);
  const shared = { tree, widget, resources: revision.add(dictOf({ Font: fonts })) };
  const refs = pages.map((page) => writePage(revision, page, page.draw(faces), shared));
  revision.replace(tree, dictOf({ Type: new Name('Pages'), Kids: refs, Count: refs.length }));
  const [firstPage] = refs;
  if (!firstPage) throw new Error('a report without a page');
  const dict = dictOf({
    Type: new Name('Catalog'),
    Pages: tree,
    Lang: asciiString('en'),
    MarkInfo: dictOf({ Marked: true }),
    StructTreeRoot: writeStructure(revision, root, refs),
    ViewerPreferences: dictOf({ DisplayDocTitle: true }),
    Metadata: revision.add(metadata(contents)),
  });
  for (const [key, value] of attachFiles(revision, attachments, contents.at)) dict.set(key, value);
  const { host } = new URL(contents.origin);
  const said = { at: signature.at, reason: TITLE.en, location: host };
  dict.set('AcroForm', addSignatureField(revision, { page: firstPage, widget }, said, signature.size));
  revision.replace(catalogue, dict);
  return revision.toBytes(createHash('sha256').update(JSON.stringify(contents)).digest().subarray(0, 16));
}

/** Nothing but a header, to which everything is added; its first object is the catalogue. */
function newPdf(): Revision {
  const header = Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1');
  const trailer = dictOf({ Root: new Ref(1, 0) });
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
  return revision.add(
    dictOf({
      Type: new Name('Page'),
      Parent: tree,
      MediaBox: [0, 0, A4.width, A4.height].map((value) => Math.round(value * 100) / 100),
      Resources: resources,
      Contents: revision.add(compressed(new Map(), Buffer.from(content, 'latin1'))),
      StructParents: number,
      Tabs: new Name('S'),
      ...(number === 0 ? { Annots: [widget] } : {}),
    }),
  );
}

/** XMP (ISO 16684-1), uncompressed so that archives' tools find it. */
function metadata({ origin, at }: ReportContents): Stream {
  const title = `${TITLE.en}, ${new URL(origin).host}, ${formatMoment(at)}`;
  const packet = [
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">',
    `<dc:title><rdf:Alt><rdf:li xml:lang="x-default">${title}</rdf:li></rdf:Alt></dc:title>`,
    `<xmp:CreateDate>${new Date(at).toISOString()}</xmp:CreateDate>`,
    '</rdf:Description></rdf:RDF></x:xmpmeta>',
    '<?xpacket end="r"?>',
  ].join('\n');
  return new Stream(dictOf({ Type: new Name('Metadata'), Subtype: new Name('XML') }), Buffer.from(packet));
}
