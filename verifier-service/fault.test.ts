import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LedgerError } from '@spondon/ledger/port';
import { ServiceError } from './error.js';
import { faultOf } from './fault.js';

const SECRET = 'Farhana Zinnia';

void test('what the log says of an error repeats nothing that the error may quote', () => {
  const parser = new SyntaxError(`Unexpected token in "${SECRET}"`);
  const nested = new ServiceError('PROCESSING_FAILED', SECRET, {
    cause: new Error(SECRET, { cause: parser }),
  });
  const refused = new LedgerError('REFUSED', SECRET, { code: 'ALREADY_REVOKED', message: SECRET });
  for (const error of [parser, nested, refused, SECRET, { message: SECRET }]) {
    assert.ok(!JSON.stringify(faultOf(error)).includes(SECRET));
  }
  assert.equal(faultOf(nested).code, 'PROCESSING_FAILED');
  assert.equal(faultOf(nested).cause?.cause?.type, 'SyntaxError');
  assert.equal(faultOf(refused).code, 'ALREADY_REVOKED');
  assert.equal(faultOf(new LedgerError('DAMAGED', 'block 3 is damaged')).message, 'block 3 is damaged');
});
