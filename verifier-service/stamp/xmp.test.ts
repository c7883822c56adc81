import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PDFDocument, PDFName } from '@cantoo/pdf-lib';
import { openPdf } from '../intake/pdf/file.js';
import { decodeStream } from '../intake/pdf/filters.js';
import { Stream } from '../intake/pdf/value.js';
import { Revision } from '../intake/pdf/write.js';
import { makeReport } from './test-pdfs.js';
import { addXmpClaims, isStamped, readXmpClaims } from './xmp.js';

const JWS = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJiZC5kZ2hzLjEifQ.c2lnbmF0dXJl';
const NONCE = new Uint8Array(16).fill(9);
const RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"';
const packet = (description: string): string =>
  `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ${RDF}>${description}</rdf:RDF></x:xmpmeta>${' '.repeat(200)}<?xpacket end="w"?>`;

async function withMetadata(metadata: Uint8Array | undefined, compressed = false): Promise<Uint8Array> {
  return makeReport({
    lines: 1,
    objectStreams: compressed,
    more: ({ context, catalog }) => {
      if (metadata === undefined) return;
      const dict = { Type: 'Metadata', Subtype: 'XML' };
      const stream = compressed ? context.flateStream(metadata, dict) : context.stream(metadata, dict);
      catalog.set(PDFName.of('Metadata'), context.register(stream));
    },
  });
}

function stamp(bytes: Uint8Array, jws = JWS): Uint8Array {
  const revision = new Revision(openPdf(bytes));
  addXmpClaims(revision, jws, NONCE);
  return revision.toBytes(NONCE);
}

function packetOf(bytes: Uint8Array): string {
  const file = openPdf(bytes);
  const stream = file.resolve(file.dict(file.xref.trailer.get('Root'))?.get('Metadata'));
  assert.ok(stream instanceof Stream);
  return Buffer.from(decodeStream(stream, file.resolve, 1_000_000)).toString();
}

test('claims and nonce are put into a file without metadata, and found', async () => {
  const stamped = stamp(await withMetadata(undefined));
  assert.equal(readXmpClaims(stamped), JWS);
  assert.ok(
    packetOf(stamped).includes(`<spondon:nonce>${Buffer.from(NONCE).toString('base64url')}</spondon:nonce>`),
  );
});

test('what else stands in the metadata stays', async () => {
  const title =
    '<rdf:Description rdf:about="uuid:1" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>রিপোর্ট é</dc:title></rdf:Description>';
  for (const compressed of [false, true]) {
    const stamped = stamp(await withMetadata(Buffer.from(packet(title)), compressed));
    assert.ok(packetOf(stamped).includes(title));
    assert.ok(
      packetOf(stamped).includes('<rdf:Description rdf:about="uuid:1" xmlns:spondon='),
      'it is about the same thing',
    );
    assert.equal(readXmpClaims(stamped), JWS);
  }
});

test('metadata in UTF-16, under another prefix for RDF, or none at all, is dealt with', async () => {
  const utf16 = Buffer.from(`\ufeff${packet('<rdf:Description rdf:about=""/>')}`, 'utf16le');
  const other = Buffer.from(packet('').replaceAll('rdf:', 'r:').replace('xmlns:rdf', 'xmlns:r'));
  const odd = [
    utf16,
    Buffer.from(utf16).swap16(),
    other,
    Buffer.from('no XML'),
    Buffer.from(''),
    Buffer.from('<x:xmpmeta/>'),
  ];
  for (const metadata of odd)
    assert.equal(readXmpClaims(stamp(await withMetadata(metadata))), JWS, metadata.toString());
});

test('a second stamp takes the place of the first', async () => {
  const first = stamp(await withMetadata(undefined));
  assert.ok(isStamped(openPdf(first)));
  const second = stamp(first, `${JWS}x`);
  assert.equal(readXmpClaims(second), `${JWS}x`);
  assert.equal(packetOf(second).split('spondon:claims>').length, 3, 'there is one of them');
});

test('a PDF/A declares the property that it did not have', async () => {
  const pdfa =
    '<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>2</pdfaid:part></rdf:Description>';
  const plain = packetOf(stamp(await withMetadata(Buffer.from(packet(pdfa)))));
  assert.match(plain, /<pdfaExtension:schemas><rdf:Bag><rdf:li [^>]*>.*<pdfaSchema:prefix>spondon</s);
  const own =
    '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"><pdfaExtension:schemas><rdf:Bag><rdf:li>theirs</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>';
  const both = packetOf(stamp(await withMetadata(Buffer.from(packet(pdfa + own)))));
  assert.equal(both.split('<pdfaExtension:schemas>').length, 2, 'there is one list of schemas');
  assert.ok(both.includes('<rdf:li>theirs</rdf:li>') && both.includes('<pdfaSchema:prefix>spondon<'));
});

test('claims are found in a file that another program saved anew', async () => {
  const document = await PDFDocument.load(stamp(await withMetadata(undefined)));
  for (const useObjectStreams of [false, true]) {
    assert.equal(readXmpClaims(await document.save({ useObjectStreams })), JWS);
  }
});

test('claims are found as an attribute, under another prefix, in a damaged file', async () => {
  const attribute = `<rdf:Description rdf:about="" xmlns:s="urn:spondon:stamp:1#" s:claims="${JWS}"/>`;
  assert.equal(readXmpClaims(await withMetadata(Buffer.from(packet(attribute)), true)), JWS);
  const stamped = stamp(await withMetadata(undefined));
  const cut = stamped.subarray(0, Buffer.from(stamped).lastIndexOf('xref'));
  assert.equal(readXmpClaims(cut), JWS);
  assert.equal(readXmpClaims(Buffer.concat([Buffer.from('no PDF at all '), cut.subarray(20)])), JWS);
});

test('where there are no claims, or none that could be a JWS, there are none', async () => {
  const none = [
    await withMetadata(undefined),
    await withMetadata(
      Buffer.from(packet('<rdf:Description xmlns:s="urn:spondon:stamp:1#" s:claims="no jws"/>')),
    ),
    await withMetadata(Buffer.from(packet(`<rdf:Description xmlns:s="urn:else#" s:claims="${JWS}"/>`))),
    new Uint8Array(),
    Buffer.from('%PDF-1.4'),
    Buffer.from('urn:spondon:stamp:1#'),
  ];
  for (const bytes of none) assert.equal(readXmpClaims(bytes), null);
});

test('a packet that gives our namespace a hundred thousand names is read all the same, and at once', async () => {
  const names = Array.from({ length: 100_000 }, (_, n) => `xmlns:p${n}="urn:spondon:stamp:1#"`).join(' ');
  const hostile = await withMetadata(Buffer.from(packet(`<rdf:Description ${names}/>`)));
  assert.equal(readXmpClaims(hostile), null);
  assert.equal(readXmpClaims(stamp(hostile)), JWS);
});
