/** What the issuer should know about a file that was accepted all the same. */
export interface FileWarning {
  readonly code: 'EXISTING_SIGNATURE' | 'FILE_REPAIRED' | 'CHARACTERS_MISSING' | 'PAGE_BEYOND_LAST';
  readonly message: string;
}
