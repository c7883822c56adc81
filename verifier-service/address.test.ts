import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAddress } from './address.js';

void test('a first start names the address at which the page does not warn of itself', () => {
  for (const portal of ['http://localhost:8080', 'http://127.0.0.1:8080'])
    assert.deepEqual(describeAddress(portal, 'http://127.0.0.1:8080'), {
      url: portal,
      lines: [`Spondon listens on ${portal}`],
    });
});

void test('behind a proxy both addresses are told, people’s first, and programs here take the bound one', () => {
  for (const [portal, listening] of [
    ['https://verify.example.gov.bd', 'http://127.0.0.1:8080'],
    ['http://localhost:8080', 'http://127.0.0.1:8081'],
    ['https://localhost:8080', 'http://127.0.0.1:8080'],
    ['http://localhost:8080', 'http://10.0.0.7:8080'],
  ] as const) {
    const { url, lines } = describeAddress(portal, listening);
    assert.equal(url, listening);
    assert.ok(lines[0]?.includes(portal));
    assert.equal(lines[1], `Spondon listens on ${listening}`);
  }
});
