import { claimsInPacket, claimsInPlainSight, XMP_NAMESPACE } from '@spondon/protocol/reading/xmp';
import { MAX_STRUCTURE_BYTES } from '../intake/limits.js';
import { openPdfLazily, type PdfFile } from '../intake/pdf/file.js';
import { decodeStream } from '../intake/pdf/filters.js';
import { Name, Ref, Stream, type Dict, type PdfValue } from '../intake/pdf/value.js';
import type { Revision } from '../intake/pdf/write.js';

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
/** Design programs put previews into the packet; nobody needs more than this. */
const MAX_PACKET_BYTES = 8 * 1024 * 1024;

const EMPTY_PACKET = [
  '<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>',
  '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
  `<rdf:RDF xmlns:rdf="${RDF}">`,
  '</rdf:RDF>',
  '</x:xmpmeta>',
  '<?xpacket end="w"?>',
].join('\n');

/**
 * Finds the claims JWS that a stamp left in a PDF's metadata, without rendering and without checking it. Null when
 * there is none, also for bytes that are no PDF; never throws for what a file contains.
 */
export function readXmpClaims(bytes: Uint8Array): string | null {
  try {
    const packet = readPacket(openPdfLazily(bytes));
    const claims = packet && claimsInPacket(packet);
    if (typeof claims === 'string') return claims;
  } catch {
    // a damaged or since encrypted file may still show its packet
  }
  return claimsInPlainSight(bytes);
}

/** The document's packet, byte for byte as Latin-1 when its encoding extends ASCII; UTF-16 becomes UTF-8. */
function readPacket(file: PdfFile): string | undefined {
  const catalogue = file.dict(file.xref.trailer.get('Root'));
  const stream = file.resolve(catalogue?.get('Metadata'));
  if (!(stream instanceof Stream)) return undefined;
  const data = Buffer.from(
    decodeStream(stream, file.resolve, Math.min(MAX_PACKET_BYTES, MAX_STRUCTURE_BYTES)),
  );
  const utf8 = (utf16: string): string => Buffer.from(utf16.replace(/^\ufeff/, '')).toString('latin1');
  if (data[0] === 0xff && data[1] === 0xfe) return utf8(data.toString('utf16le'));
  if (data[0] === 0xfe && data[1] === 0xff)
    return utf8(
      Buffer.from(data.subarray(0, data.length & ~1))
        .swap16()
        .toString('utf16le'),
    );
  return data.toString('latin1');
}

/** Whether the document says, before our stamp, that it is stamped. */
export function isStamped(file: PdfFile): boolean {
  const packet = tryReadPacket(file);
  return packet !== undefined && claimsInPacket(packet) !== null;
}

function tryReadPacket(file: PdfFile): string | undefined {
  try {
    return readPacket(file);
  } catch {
    return undefined; // a packet that does not decode is none, for every reader
  }
}

/** Puts the claims and the nonce into the document's metadata and keeps what else stands there. */
export function addXmpClaims(revision: Revision, claimsJws: string, nonce: Uint8Array): void {
  const { file } = revision;
  const root = file.xref.trailer.get('Root');
  const catalogue = file.dict(root);
  if (!(root instanceof Ref) || catalogue === undefined) return;
  const packet =
    extendPacket(tryReadPacket(file) ?? EMPTY_PACKET, claimsJws, nonce) ??
    extendPacket(EMPTY_PACKET, claimsJws, nonce);
  const dict: Dict = new Map<string, PdfValue>([
    ['Type', new Name('Metadata')],
    ['Subtype', new Name('XML')],
  ]);
  // not compressed: archives' tools look for the packet without reading the PDF (ISO 19005)
  const stream = new Stream(dict, Buffer.from(packet ?? '', 'latin1'));
  const old = catalogue.get('Metadata');
  if (old instanceof Ref) revision.replace(old, stream);
  else revision.replace(root, new Map(catalogue).set('Metadata', revision.add(stream)));
}

/** Undefined when `packet` is not RDF as XMP writes it. */
function extendPacket(packet: string, claimsJws: string, nonce: Uint8Array): string | undefined {
  const prefix = new RegExp(`xmlns:([\\w.-]+)\\s*=\\s*["']${RDF}["']`).exec(packet)?.[1];
  if (prefix === undefined) return undefined;
  const own = new RegExp(
    `<${prefix}:Description[^>]*xmlns:spondon=["']${XMP_NAMESPACE}["'][^>]*>[\\s\\S]*?</${prefix}:Description>\\s*`,
    'g',
  );
  const without = packet.replace(own, '');
  const end = without.lastIndexOf(`</${prefix}:RDF`);
  if (end < 0) return undefined;
  // every description in a packet is about the same thing (ISO 16684-1, 7.4)
  const about = new RegExp(`\\s${prefix}:about\\s*=\\s*("[^"<]*"|'[^'<]*')`).exec(without)?.[1] ?? '""';
  const description = [
    `<${prefix}:Description ${prefix}:about=${about} xmlns:spondon="${XMP_NAMESPACE}">`,
    `<spondon:claims>${claimsJws}</spondon:claims>`,
    `<spondon:nonce>${Buffer.from(nonce).toString('base64url')}</spondon:nonce>`,
    `</${prefix}:Description>\n`,
  ].join('\n');
  const extended = without.slice(0, end) + description + without.slice(end);
  return /pdfaid:part/.test(extended) ? declareForPdfA(extended, prefix, about) : extended;
}

/** PDF/A wants every property outside the standard's own schemas described in the packet (ISO 19005-1, 6.7.8). */
function declareForPdfA(packet: string, prefix: string, about: string): string {
  if (packet.includes(`>${XMP_NAMESPACE}<`)) return packet;
  const property = (name: string, description: string): string =>
    `<${prefix}:li ${prefix}:parseType="Resource"><pdfaProperty:name>${name}</pdfaProperty:name>` +
    '<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>' +
    `<pdfaProperty:description>${description}</pdfaProperty:description></${prefix}:li>`;
  const item = [
    `<${prefix}:li ${prefix}:parseType="Resource" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"`,
    ' xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">',
    `<pdfaSchema:schema>Spondon stamp</pdfaSchema:schema><pdfaSchema:namespaceURI>${XMP_NAMESPACE}</pdfaSchema:namespaceURI>`,
    `<pdfaSchema:prefix>spondon</pdfaSchema:prefix><pdfaSchema:property><${prefix}:Seq>`,
    property('claims', 'Signed claims, a compact JWS'),
    property('nonce', 'Random bits that keep the file from being guessed'),
    `</${prefix}:Seq></pdfaSchema:property></${prefix}:li>\n`,
  ].join('');
  const bag = new RegExp(`<pdfaExtension:schemas[^>]*>\\s*<${prefix}:Bag[^>/]*>`).exec(packet);
  if (bag !== null) {
    const at = bag.index + bag[0].length;
    return packet.slice(0, at) + item + packet.slice(at);
  }
  const end = packet.lastIndexOf(`</${prefix}:RDF`);
  const schemas =
    `<${prefix}:Description ${prefix}:about=${about} xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/">` +
    `<pdfaExtension:schemas><${prefix}:Bag>${item}</${prefix}:Bag></pdfaExtension:schemas></${prefix}:Description>\n`;
  return packet.slice(0, end) + schemas + packet.slice(end);
}
