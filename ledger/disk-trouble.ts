/** The last one: no room for the index of a write-ahead log. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE']);
const FAILING = /^(EIO|EROFS|SQLITE_IOERR.*)$/;

/**
 * What an error, or what caused it, says about the disk: that it is full, or that it does not work. Null when it is
 * about something else.
 */
export function diskTrouble(error: unknown): 'full' | 'failing' | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : '';
    if (FULL.has(code)) return 'full';
    if (FAILING.test(code)) return 'failing';
  }
  return null;
}
