import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FIT_CONFIG } from './fake-kubo.test-support.js';
import { unfitness } from './kubo-fitness.js';
import { repositoryIn, newSwarmKey, whyNoKubo } from './kubo.test-support.js';

const TCP = ['/ip4/127.0.0.1/tcp/4001'];

test('a node with a swarm key, that neither looks nor announces in public, and flushes, is fit', () => {
  assert.deepEqual(unfitness(FIT_CONFIG, TCP), []);
  const ownNodes = { ...FIT_CONFIG, Bootstrap: ['/ip4/10.0.0.2/tcp/4001/p2p/12D3KooW'] };
  assert.deepEqual(unfitness(ownNodes, TCP), []);
});

const { Addresses } = FIT_CONFIG;
const flatfs = { type: 'flatfs', sync: false };
const UNFIT: readonly [string, object, readonly string[], RegExp][] = [
  ['listens for QUIC, which knows no swarm key', {}, ['/ip4/0.0.0.0/udp/4001/quic-v1'], /no swarm key/],
  ['has no address for QUIC to tell by', { Addresses: { ...Addresses, Swarm: TCP } }, TCP, /cannot be told/],
  ['has QUIC off', { Swarm: { Transports: { Network: { QUIC: false } } } }, TCP, /cannot be told/],
  ['looks in public by default', { Routing: {} }, TCP, /Routing\.Type none/],
  ['takes settings from the internet', { AutoConf: {} }, TCP, /AutoConf\.Enabled false/],
  ['joins the public network', { Bootstrap: ['auto'] }, TCP, /bootstrap rm all/],
  ['announces', { Provide: { DHT: {} } }, TCP, /Provide\.Enabled false/],
  [
    'has an open RPC',
    { Addresses: { ...Addresses, API: '/ip4/0.0.0.0/tcp/5001' } },
    TCP,
    /API\.Authorizations/,
  ],
  [
    'has an open gateway',
    { Addresses: { ...Addresses, Gateway: ['/ip4/0.0.0.0/tcp/8080'] } },
    TCP,
    /Addresses\.Gateway/,
  ],
  ['does not flush', { Datastore: { Spec: { type: 'mount', mounts: [flatfs] } } }, TCP, /"sync": true/],
  ['has a datastore not known here', { Datastore: { Spec: { type: 'pebbleds' } } }, TCP, /pebbleds/],
];

for (const [what, change, listening, says] of UNFIT)
  test(`a node that ${what} is not, and is told what to do`, () => {
    const found = unfitness({ ...FIT_CONFIG, ...change }, listening);
    assert.equal(found.length, 1);
    assert.match(String(found), says);
  });

test('an RPC that asks for credentials, or is of a private network, may be reached from elsewhere', () => {
  const open = { ...FIT_CONFIG, Addresses: { ...Addresses, API: ['/ip4/0.0.0.0/tcp/5001'] } };
  assert.deepEqual(unfitness({ ...open, API: { Authorizations: {} } }, TCP), []);
  const inside = { ...FIT_CONFIG, Addresses: { ...Addresses, API: '/ip4/10.1.2.3/tcp/5001' } };
  assert.deepEqual(unfitness(inside, TCP), []);
});

test('what is not the configuration of Kubo is not fit', () => {
  for (const config of [null, 'x', {}, { Addresses: 1 }]) assert.equal(unfitness(config, []).length, 1);
});

test(
  'what the set-up script of the compose file makes is fit, and stays as it is when that is run again',
  { skip: whyNoKubo() },
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'spondon-kubo-'));
    t.after(() => rm(folder, { recursive: true }));
    const { ipfs, setUp } = repositoryIn(folder, newSwarmKey());
    const config = ipfs('config', 'show');
    assert.deepEqual(unfitness(JSON.parse(config), TCP), []);
    setUp();
    assert.equal(ipfs('config', 'show'), config);
  },
);
