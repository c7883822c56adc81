import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProblem } from '../deployment/deployment.test-support.js';
import { apiService } from '../deployment/shared-service.test-support.js';

const service = await apiService();

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

/** What Chromium accepts when a person opens an address. */
const opened = { headers: { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' } };

for (const address of [
  '/verify',
  '/v/',
  '/d',
  '/index.html',
  '/health-check',
  '/%E0%A6%95?lang=bn',
  '/wp-login.php',
])
  void test(`a person who opens ${address} reads in both languages that nothing is there, and finds the check`, async () => {
    const { status, headers, text } = await service.ask('GET', address, opened);
    assert.equal(status, 404);
    assert.match(String(headers['content-type']), /^text\/html/);
    assert.match(text, /There is nothing at this address/);
    assert.match(text, /<section[^>]* lang="bn">[^]*এই ঠিকানায় কিছু নেই/);
    assert.match(text, /href="\/"/);
    // As strict as the page itself, and written so that nothing in it is refused.
    const page = await service.ask('GET', '/');
    assert.equal(headers['content-security-policy'], page.headers['content-security-policy']);
    assert.doesNotMatch(text, /<script|<style| style=/);
  });

void test('programs that ask for what is not there get a problem with a code, as before', async () => {
  for (const accept of ['', '*/*', 'application/json'])
    assertProblem(await service.ask('GET', '/nothing', { headers: { accept } }), 404, 'NOT_FOUND');
  for (const address of [
    '/v1',
    '/v1/nothing',
    '/health',
    '/logs/x',
    '/metrics/x',
    '/assets/gone.js',
    '/docs/gone',
  ])
    assertProblem(await service.ask('GET', address, opened), 404, 'NOT_FOUND');
  assertProblem(await service.ask('POST', '/nothing', opened), 404, 'NOT_FOUND');
});
