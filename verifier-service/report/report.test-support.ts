import { randomBytes } from 'node:crypto';
import { encodeBase64url } from '@spondon/protocol/base64url';
import * as facts from '@spondon/protocol/testing/finding';
import type { FoundRecord, Lookup } from '@spondon/protocol/verdict/finding';
import { MAX_FILE_BYTES } from '../intake/limits.js';
import { openPdf } from '../intake/pdf/file.js';
import { decodeStream } from '../intake/pdf/filters.js';
import { RawString, Stream } from '../intake/pdf/value.js';
import { openFaces } from '../text/faces.js';
import { cachedShaper } from '../text/shape.js';
import { cachedSubsets } from '../text/embed.js';
import { answer } from '../verify/answer.js';
import type { ReportContents, ReportItem } from './contents.js';
import type { ReportTools } from './typeset.js';

/** Reports to be typeset, without a service. */

export const HOST = 'verify.example.gov.bd';
export const CODE = '7K3M-Q2XD-9FHT-W4ZB-8';
export const BANGLA_NAME = 'শহীদ সোহ্‌রাওয়ার্দী মেডিকেল কলেজ ও হাসপাতাল, শেরেবাংলা নগর, ঢাকা';
const HASH = Buffer.alloc(32, 7);

export function makeTools(): ReportTools {
  const faces = openFaces();
  return { faces, shape: cachedShaper(faces), subsets: cachedSubsets(faces) };
}

/** A record whose file has this hash, changed as asked for. */
export function record(wish: facts.RecordWish = {}): FoundRecord {
  return facts.record({ singleOwner: true, ...wish, says: { sha256: encodeBase64url(HASH), ...wish.says } });
}

export function byFile(lookup: Lookup, more: Partial<ReportItem> = {}): ReportItem {
  const finding = { asked: 'file', sha256: encodeBase64url(HASH), claims: [], lookup } as const;
  return itemOf({ by: 'file', sha256: HASH.toString('hex') }, finding, more);
}

export function byCode(lookup: Lookup, more: Partial<ReportItem> = {}): ReportItem {
  return itemOf({ by: 'code', code: CODE }, { asked: 'code', claims: [], lookup }, more);
}

function itemOf(
  asked: ReportItem['asked'],
  finding: Parameters<typeof answer>[0],
  more: Partial<ReportItem>,
): ReportItem {
  const answered = answer(finding, { now: facts.NOW });
  const evidence = answered.document?.state === 'anchored' ? `${CODE}.json` : null;
  return { asked, answer: answered, evidence, ...more };
}

/** The files that travel in a report, by name. */
export function attachmentsIn(pdf: Uint8Array): Map<string, string> {
  const file = openPdf(pdf);
  const names = file.dict(file.dict(file.xref.trailer.get('Root'))?.get('Names'));
  const pairs = file.array(file.dict(names?.get('EmbeddedFiles'))?.get('Names'));
  const found = new Map<string, string>();
  for (let at = 0; at < pairs.length; at += 2) {
    const name = pairs[at];
    const stream = file.resolve(file.dict(file.dict(pairs[at + 1])?.get('EF'))?.get('F'));
    if (!(name instanceof RawString) || !(stream instanceof Stream)) throw new Error('not an attachment');
    const text = Buffer.from(decodeStream(stream, file.resolve, MAX_FILE_BYTES)).toString();
    found.set(Buffer.from(name.token).toString().slice(1, -1), text);
  }
  return found;
}

/** Text that is as bad as it may come: of an issuer within the contract's lengths, of a visitor within the route's. */
const FORGED = '\u202eENIUNEG\u202c\n\u0338\u0338';
export const HOSTILE_NAME = FORGED.repeat(1000).slice(0, 9_990) + '病院.pdf';
export const hostileIssuer = facts.issuerWith({
  name: `${'W\u202e'.repeat(30)}${'W'.repeat(60)}`,
  licence: '\u202d'.repeat(32) + 'W'.repeat(32),
  telephone: '℡'.repeat(32),
  state: 'suspended',
});

const { answered, elsewhere, outage, revokedFor, superseded } = facts;
const said = (found: FoundRecord): facts.RecordWish => ({ status: found.status });
const third = encodeBase64url(randomBytes(32));

/** One of each verdict that a look-up by hash or code can have, and of what makes a report long. */
export const ITEMS = {
  genuine: byFile(answered(record()), { fileName: 'certificate.pdf', fileSize: 184_223 }),
  registered: byCode(answered(record())),
  pending: byFile(answered(record({ anchoring: { state: 'pending', acceptedAt: facts.NOW - 1000 } }))),
  overdue: byFile(answered(record({ anchoring: { state: 'pending', acceptedAt: facts.ANCHORED } }))),
  revoked: byFile(answered(record(said(revokedFor('fraud'))))),
  superseded: byCode(answered(record(said(superseded)))),
  expired: byFile(answered(record({ says: { exp: facts.NOW / 1000 - 1 } }))),
  altered: byFile(answered(record({ signatureGood: false }))),
  conflict: byCode(answered(record(), elsewhere({ says: { sha256: third } }))),
  unknown: byFile(answered(), { fileName: 'unknown.pdf' }),
  outage: byCode(outage),
  bangla: byFile(answered(record({ issuer: facts.issuerWith({ name: BANGLA_NAME }) }))),
  hostile: byFile(answered(record({ issuer: hostileIssuer, ...said(revokedFor('error')) })), {
    fileName: HOSTILE_NAME,
    fileSize: Number.MAX_SAFE_INTEGER,
  }),
  hostileConflict: byCode(
    answered(
      record({ issuer: hostileIssuer, says: { exp: facts.NOW / 1000 - 1 } }),
      ...[2, 3, 4, 5].map((n) =>
        elsewhere({ issuer: hostileIssuer, says: { iss: `bd.dghs.${n}`, sha256: third } }),
      ),
    ),
  ),
} as const satisfies Readonly<Record<string, ReportItem>>;

export function contentsOf(
  items: readonly ReportItem[],
  language: ReportContents['language'] = 'en',
): ReportContents {
  const trust = { name: 'trust.json', fingerprint: HASH.toString('hex') };
  return { language, origin: `https://${HOST}`, at: facts.NOW, items, trust };
}
