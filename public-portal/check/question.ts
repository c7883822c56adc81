/**
 * What a visitor brings. Hashes are hexadecimal SHA-256, codes canonical document ids, `claims` the JWS texts that were
 * found in the file's codes and XMP.
 */
export type Question =
  | { readonly asked: 'file'; readonly sha256: string; readonly claims: readonly string[] }
  | { readonly asked: 'code'; readonly code: string }
  | { readonly asked: 'claims'; readonly claims: readonly string[] }
  /** An evidence file by itself: about whichever document it holds. */
  | { readonly asked: 'evidence' };

/** What a service can be asked. */
export type Asked = Exclude<Question, { asked: 'evidence' }>;
