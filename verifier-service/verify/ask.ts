import { encodeBase64url } from '@spondon/protocol/base64url';
import { judge, type Judgement } from '@spondon/protocol/verdict';
import type { Finding, Lookup } from '@spondon/protocol/verdict/finding';
import type { Finder } from './find.js';

/** What somebody asks about: a printed code, or a file by its hash. */
export type Asked = { readonly code: string } | { readonly sha256: Uint8Array };

export interface AskDeps {
  readonly finder: Pick<Finder, 'byCode' | 'byFile'>;
  readonly now: () => number;
}

/** What is to be said of it now. */
export async function ask({ finder, now }: AskDeps, asked: Asked): Promise<Judgement> {
  const lookup = 'code' in asked ? await finder.byCode(asked.code) : await finder.byFile(asked.sha256, []);
  return judge(findingOf(asked, lookup), { now: now() });
}

function findingOf(asked: Asked, lookup: Lookup): Finding {
  if ('code' in asked) return { asked: 'code', claims: [], lookup };
  return { asked: 'file', sha256: encodeBase64url(asked.sha256), claims: [], lookup };
}
