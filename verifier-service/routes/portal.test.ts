import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedService } from '../deployment/shared-service.test-support.js';

const service = await sharedService();

const framedBy = (headers: Readonly<Record<string, unknown>>): string | undefined =>
  /frame-ancestors ([^;]+)/.exec(String(headers['content-security-policy']))?.[1];

for (const address of ['/', '/v', '/d/7K3MQ2XD9FHTW4ZB8', '/docs'])
  void test(`${address} refuses to be framed`, async () => {
    const { status, headers } = await service.ask('GET', address);
    assert.equal(status, 200);
    assert.equal(framedBy(headers), "'none'");
    assert.ok(headers['x-frame-options']);
  });

void test('/embed is the page, for any site to frame, and as strict as ever about what it loads', async () => {
  const [page, embedded] = [await service.ask('GET', '/'), await service.ask('GET', '/embed?lang=bn')];
  assert.equal(embedded.text, page.text);
  assert.equal(framedBy(embedded.headers), '*');
  assert.equal(embedded.headers['x-frame-options'], undefined);
  const withoutFraming = ({ headers }: typeof page) =>
    String(headers['content-security-policy']).replace(/frame-ancestors [^;]+/, '');
  assert.equal(withoutFraming(embedded), withoutFraming(page));
  assert.match(String(embedded.headers['permissions-policy']), /camera=\(self\)/);
});

void test('/embed.js may be loaded by any site, and asks again for a newer one', async () => {
  const { status, headers } = await service.ask('GET', '/embed.js');
  assert.equal(status, 200);
  assert.match(String(headers['content-type']), /\/javascript; charset=utf-8$/i);
  assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
  assert.equal(headers['access-control-allow-origin'], '*');
  assert.match(String(headers['cache-control']), /max-age=0/);
});

void test('the page sets no cookie, framed or not', async () => {
  for (const address of ['/', '/embed', '/embed.js'])
    assert.equal((await service.ask('GET', address)).headers['set-cookie'], undefined);
});
