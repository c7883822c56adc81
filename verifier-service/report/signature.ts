import { asciiString, dateString } from '../intake/pdf/strings.js';
import { type Dict, dictOf, Name, RawString, type Ref } from '../intake/pdf/value.js';
import type { Revision } from '../intake/pdf/write.js';

/** The place of a signature in a PDF (ISO 32000-2, 12.8), before the file is written and after. */

export interface SignatureTexts {
  readonly reason: string;
  /** Printable ASCII, as the host of a portal is. */
  readonly location: string;
  /** Unix ms, by the service's own clock. */
  readonly at: number;
}

/** Ten digits hold what a cross-reference table can tell of a file. */
const BYTE_RANGE = '[0 0000000000 0000000000 0000000000]';
const BYTE_RANGE_KEY = '/ByteRange ';
const CONTENTS_KEY = '/Contents ';

/**
 * Adds an invisible signature field with room for `size` bytes of signature; `widget` is its place, which `page` names
 * already. The signature has to be the last object that is added. Returns what belongs under /AcroForm.
 */
export function addSignatureField(
  revision: Revision,
  { page, widget }: { readonly page: Ref; readonly widget: Ref },
  texts: SignatureTexts,
  size: number,
): Dict {
  const signature = revision.add(
    dictOf({
      Type: new Name('Sig'),
      Filter: new Name('Adobe.PPKLite'),
      SubFilter: new Name('ETSI.CAdES.detached'),
      M: dateString(texts.at),
      Reason: asciiString(texts.reason),
      Location: asciiString(texts.location),
      ByteRange: new RawString(Buffer.from(BYTE_RANGE)),
      Contents: new RawString(Buffer.from(`<${'0'.repeat(2 * size)}>`)),
    }),
  );
  revision.replace(
    widget,
    dictOf({
      Type: new Name('Annot'),
      Subtype: new Name('Widget'),
      FT: new Name('Sig'),
      T: asciiString('Signature'),
      V: signature,
      P: page,
      F: PRINTED_AND_LOCKED,
      Rect: [0, 0, 0, 0],
    }),
  );
  return dictOf({ Fields: [widget], SigFlags: SIGNED_AND_APPEND_ONLY });
}

const PRINTED_AND_LOCKED = 4 | 128;
const SIGNED_AND_APPEND_ONLY = 1 | 2;

/**
 * Signs a file that has such a field, in place: all of it but the signature's own digits. Throws when the signature does
 * not fit into its room.
 */
export function fillInSignature(pdf: Uint8Array, sign: (data: readonly Uint8Array[]) => Uint8Array): void {
  const bytes = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength);
  const rangeAt = bytes.lastIndexOf(BYTE_RANGE_KEY) + BYTE_RANGE_KEY.length;
  const start = bytes.indexOf(CONTENTS_KEY, rangeAt) + CONTENTS_KEY.length;
  const end = bytes.indexOf('>', start) + 1;
  const digits = (value: number): string => String(value).padStart(10, '0');
  bytes.write(`[0 ${digits(start)} ${digits(end)} ${digits(bytes.length - end)}]`, rangeAt, 'latin1');
  const signature = Buffer.from(sign([bytes.subarray(0, start), bytes.subarray(end)])).toString('hex');
  if (signature.length > end - start - 2) throw new RangeError('the signature is larger than its room');
  bytes.write(signature, start + 1, 'latin1');
}
