import { encodeBase64url } from '@spondon/protocol/base64url';
import { judge, type Judgement } from '@spondon/protocol/verdict';
import type { Finding } from '@spondon/protocol/verdict/finding';
import { isStorageUnavailable } from '../error.js';
import type { Finder } from './find.js';

/** What somebody asks about: a printed code, or a file by its hash, with the claims JWS texts found in it. */
export type Asked =
  | { readonly code: string }
  | { readonly sha256: Uint8Array; readonly claims?: readonly string[] | undefined };

export interface AskDeps {
  readonly finder: Pick<Finder, 'byCode' | 'byFile' | 'claims'>;
  readonly now: () => number;
}

/** What is to be said of it now. */
export async function ask({ finder, now }: AskDeps, asked: Asked): Promise<Judgement> {
  return judge(await findingOf(finder, asked), { now: now() });
}

/** The same for one question of many: when nobody can tell at the moment, that is its verdict, and the others get theirs. */
export async function askOneOfMany(deps: AskDeps, asked: Asked): Promise<Judgement> {
  try {
    return await ask(deps, asked);
  } catch (error) {
    if (!isStorageUnavailable(error)) throw error;
    return judge({ ...subjectOf(asked), claims: [], lookup: { state: 'unavailable' } }, { now: deps.now() });
  }
}

async function findingOf(finder: AskDeps['finder'], asked: Asked): Promise<Finding> {
  if ('code' in asked) return { ...subjectOf(asked), claims: [], lookup: await finder.byCode(asked.code) };
  const read = await Promise.all((asked.claims ?? []).map((jws) => finder.claims(jws)));
  const claims = read.filter((found) => found !== null);
  const lookup = await finder.byFile(asked.sha256, claims);
  return { ...subjectOf(asked), claims, lookup };
}

function subjectOf(asked: Asked) {
  return 'code' in asked
    ? ({ asked: 'code' } as const)
    : ({ asked: 'file', sha256: encodeBase64url(asked.sha256) } as const);
}
