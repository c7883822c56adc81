import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { isOutage } from './postgres-outage.js';

const refused = (code: string) =>
  Object.assign(new pg.DatabaseError('in its own words', 0, 'error'), { code });

test('that the server ended a transaction in which we stood still is an outage, and a wrong statement is none', () => {
  assert.equal(isOutage(refused('25P03')), true);
  assert.equal(isOutage(refused('42601')), false);
});
