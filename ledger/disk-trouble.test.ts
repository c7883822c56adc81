import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diskTrouble } from './disk-trouble.js';
import { LedgerError } from './port.js';

const withCode = (code: string) => Object.assign(new Error('x'), { code });

test('a full disk and one that does not work are told from every other error, however deep the cause', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'])
    assert.equal(diskTrouble(withCode(code)), 'full');
  for (const code of ['EIO', 'EROFS', 'SQLITE_IOERR', 'SQLITE_IOERR_FSYNC'])
    assert.equal(diskTrouble(withCode(code)), 'failing');
  const cause = new Error('x', { cause: withCode('ENOSPC') });
  assert.equal(diskTrouble(new LedgerError('UNKNOWN', 'x', undefined, { cause })), 'full');
  for (const error of [withCode('ENOENT'), withCode('SQLITE_BUSY'), new Error('ENOSPC'), 'ENOSPC', null])
    assert.equal(diskTrouble(error), null);
});
