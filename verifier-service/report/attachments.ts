import { asciiString, dateString } from '../intake/pdf/strings.js';
import { type Dict, dictOf, Name, type PdfValue, type Ref } from '../intake/pdf/value.js';
import { compressed, type Revision } from '../intake/pdf/write.js';
import type { Attachment } from './contents.js';

/**
 * Puts files into a PDF, as files that belong to all of it (ISO 32000-2, 14.13). `at`: Unix ms. Returns what belongs
 * into the catalogue.
 */
export function attachFiles(revision: Revision, attachments: readonly Attachment[], at: number): Dict {
  // A name tree is sorted by the bytes of the names (ISO 32000-2, 7.9.6).
  const files = attachments
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((attachment) => ({ name: attachment.name, ref: attach(revision, attachment, at) }));
  if (files.length === 0) return new Map();
  const names = files.flatMap(({ name, ref }): PdfValue[] => [asciiString(name), ref]);
  return dictOf({
    AF: files.map(({ ref }) => ref),
    Names: dictOf({ EmbeddedFiles: dictOf({ Names: names }) }),
  });
}

function attach(revision: Revision, { name, description, mediaType, text }: Attachment, at: number): Ref {
  const data = Buffer.from(text);
  const file = dictOf({
    Type: new Name('EmbeddedFile'),
    Subtype: new Name(mediaType),
    Params: dictOf({ Size: data.length, ModDate: dateString(at) }),
  });
  const stream = revision.add(compressed(file, data));
  return revision.add(
    dictOf({
      Type: new Name('Filespec'),
      F: asciiString(name),
      UF: asciiString(name),
      Desc: asciiString(description),
      AFRelationship: new Name('Supplement'),
      EF: dictOf({ F: stream, UF: stream }),
    }),
  );
}
