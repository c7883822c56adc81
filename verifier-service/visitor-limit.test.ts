import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVisitorLimit, visitorOf } from './visitor-limit.js';

void test('an IPv6 network counts as one visitor, in whatever spelling', () => {
  const network = '2001:db8:1:2::/64';
  for (const address of [
    '2001:db8:1:2::1',
    '2001:0db8:1:2:3:4:5:6',
    '2001:DB8:1:2:ffff:ffff:ffff:ffff',
    '2001:db8:1:2::%eth0',
  ]) {
    assert.equal(visitorOf(address), network);
  }
  assert.equal(visitorOf('::1'), '0:0:0:0::/64');
  assert.notEqual(visitorOf('2001:db8:1:3::1'), network);
  assert.equal(visitorOf('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(visitorOf('192.0.2.1'), '192.0.2.1');
});

void test('what no waiting would make room for is refused as too large, and takes nothing', async () => {
  const limit = createVisitorLimit(10);
  const told: number[] = [];
  const spend = (cost: number): Promise<void> =>
    limit.spend('192.0.2.1', cost, (seconds) => told.push(seconds));
  await assert.rejects(spend(11), { code: 'REQUEST_TOO_LARGE' });
  await spend(10);
  await assert.rejects(spend(1), { code: 'RATE_LIMITED' });
  assert.equal(told.length, 1);
  await createVisitorLimit(0).spend('192.0.2.1', 1_000_000, () => assert.fail());
});
