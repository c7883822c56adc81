import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer, Client } from '../client.js';
import { balancedClient } from './balanced-client.js';

/** A copy that answers its own name, or as `send` says. */
function copy(
  name: string,
  send: () => Promise<Answer> = () => Promise.resolve({ status: 200, text: name }),
) {
  return {
    send,
    json: () => Promise.reject(new Error('not asked here')),
    close: () => undefined,
  } satisfies Client;
}
const dead = copy('dead', () => Promise.reject(new Error('refused')));
const ask = async (client: Client): Promise<string> => (await client.send({ path: '/' })).text;

test('requests go to each copy in turn', async () => {
  const client = balancedClient(() => [copy('a'), copy('b')]);
  assert.deepEqual([await ask(client), await ask(client), await ask(client)], ['b', 'a', 'b']);
});

test('what one copy breaks off, another answers; with none left it fails', async () => {
  const client = balancedClient(() => [dead, copy('b')]);
  assert.deepEqual([await ask(client), await ask(client)], ['b', 'b']);
  await assert.rejects(ask(balancedClient(() => [dead, dead])));
});

test('of a copy that keeps silent nobody waits for an answer', async () => {
  const silent = copy('silent', () => new Promise(() => undefined));
  const client = balancedClient(() => [silent, copy('b')], 1);
  assert.deepEqual([await ask(client), await ask(client)], ['b', 'b']);
});
