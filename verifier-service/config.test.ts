import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSettings, isLoopback, readConfig } from './config.js';
import { ServiceError } from './error.js';

function refusalOf(env: Readonly<Record<string, string>>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'CONFIG_INVALID') return error.message;
  }
  return '';
}

void test('nothing has to be set', () => {
  const { host, port, tls, trustProxy } = readConfig({ PATH: '/bin' });
  assert.deepEqual(
    { host, port, tls, trustProxy },
    { host: '127.0.0.1', port: 8080, tls: null, trustProxy: [] },
  );
  assert.deepEqual(readConfig({ SPONDON_PORT: '' }), readConfig({}));
});

void test('a bad value names its variable and what it should look like, and never repeats it', () => {
  const bad: Readonly<Record<string, string>> = {
    SPONDON_PORT: '70000',
    SPONDON_PORTAL_URL: 'portal.hospital.bd',
    SPONDON_MASTER_KEY: 'too-short-secret',
    SPONDON_LOG_LEVEL: 'loud',
    SPONDON_SAMPLES: 'yes',
    SPONDON_STAMP_THREADS: '0',
    SPONDON_MAX_QUEUE: 'many',
    SPONDON_RATE_LIMIT: '-1',
    SPONDON_TRUST_PROXY: 'true',
  };
  for (const [name, value] of Object.entries(bad)) {
    const message = refusalOf({ [name]: value });
    const { meaning = '' } = describeSettings().find((setting) => setting.name === name) ?? {};
    assert.equal(message, `${name} must be: ${meaning}`);
    if (value.length > 6) assert.ok(!message.includes(value));
  }
  const all = refusalOf(bad);
  for (const name of Object.keys(bad)) assert.ok(all.includes(name), name);
});

void test('a portal is an origin, a mistyped variable is refused, and a certificate needs its key', () => {
  assert.match(refusalOf({ SPONDON_PORTAL_URL: 'https://a.example/path' }), /^SPONDON_PORTAL_URL/);
  assert.match(refusalOf({ SPONDON_PORTAL_URL: 'ftp://a.example' }), /^SPONDON_PORTAL_URL/);
  // No trust bundle could name it.
  assert.match(refusalOf({ SPONDON_PORTAL_URL: 'http://my_portal:8080' }), /^SPONDON_PORTAL_URL/);
  assert.match(refusalOf({ SPONDON_PROT: '1' }), /^SPONDON_PROT is no setting/);
  assert.match(refusalOf({ SPONDON_TLS_CERT: 'a.pem' }), /SPONDON_TLS_KEY/);
  assert.match(refusalOf({ SPONDON_REPORT_KEY: 'a.pem' }), /SPONDON_REPORT_CERT and SPONDON_REPORT_KEY/);
  assert.equal(refusalOf({ SPONDON_API_KEY: 'x', SPONDON_OPERATOR_KEY: 'y', SPONDON_URL: 'z' }), '');
  assert.equal(
    readConfig({ SPONDON_PORTAL_URL: 'https://Verify.Example:443/' }).portalUrl,
    'https://verify.example',
  );
});

void test('without a portal it is the one on this machine, by the scheme and the port that it is served with', () => {
  assert.equal(readConfig({}).portalUrl, 'http://localhost:8080');
  assert.equal(readConfig({ SPONDON_PORT: '80' }).portalUrl, 'http://localhost');
  const tls = { SPONDON_PORT: '8443', SPONDON_TLS_CERT: 'a.pem', SPONDON_TLS_KEY: 'a.key' };
  assert.equal(readConfig(tls).portalUrl, 'https://localhost:8443');
  assert.match(refusalOf({ SPONDON_PORT: '0' }), /^SPONDON_PORT 0 .* SPONDON_PORTAL_URL$/);
  const portal = { SPONDON_PORT: '0', SPONDON_PORTAL_URL: 'https://verify.example' };
  assert.equal(readConfig(portal).portalUrl, 'https://verify.example');
});

void test('proxies are addresses and networks', () => {
  assert.deepEqual(readConfig({ SPONDON_TRUST_PROXY: '127.0.0.1, 10.0.0.0/8,fd00::/8' }).trustProxy, [
    '127.0.0.1',
    '10.0.0.0/8',
    'fd00::/8',
  ]);
  for (const text of ['1', '10.0.0.0/33', '10.0.0.0/8/8', 'proxy.example', '::1/129']) {
    assert.match(refusalOf({ SPONDON_TRUST_PROXY: text }), /^SPONDON_TRUST_PROXY/);
  }
});

void test('loopback portals are known as such', () => {
  for (const host of ['localhost:8080', '127.0.0.1', '127.3.2.1', '[::1]:80', 'a.localhost'])
    assert.ok(isLoopback(`http://${host}`));
  for (const host of ['verify.example.gov.bd', '10.0.0.1', 'localhost.example'])
    assert.ok(!isLoopback(`http://${host}`));
});

test('a ledger on Fabric needs its connection settings and a trust bundle, and no samples', () => {
  const fabric = { SPONDON_LEDGER: 'fabric', SPONDON_SAMPLES: 'false' };
  const whole = { ...fabric, SPONDON_FABRIC: '/etc/c.json', SPONDON_TRUST_BUNDLE: '/etc/t.json' };
  assert.deepEqual(readConfig(whole).fabric, { connection: '/etc/c.json', trustBundle: '/etc/t.json' });
  assert.equal(readConfig({}).fabric, null);
  for (const env of [
    fabric,
    { ...fabric, SPONDON_FABRIC: '/etc/c.json' },
    { ...whole, SPONDON_SAMPLES: 'true' },
    { SPONDON_FABRIC: '/etc/c.json' },
  ]) {
    assert.throws(() => readConfig(env), { code: 'CONFIG_INVALID' });
  }
});

void test('Kubo nodes are origins, and credentials never stand in them', () => {
  assert.equal(readConfig({}).kubo, null);
  const two = { SPONDON_KUBO: 'http://a.example:5001, https://b.example', SPONDON_KUBO_AUTH: 'bearer:x' };
  assert.deepEqual(readConfig(two).kubo, {
    nodes: [
      { url: 'http://a.example:5001', auth: 'bearer:x' },
      { url: 'https://b.example', auth: 'bearer:x' },
    ],
    cluster: null,
  });
  assert.match(refusalOf({ SPONDON_KUBO: 'http://user:word@a.example:5001' }), /^SPONDON_KUBO must be/);
  assert.match(refusalOf({ SPONDON_KUBO: '/ip4/127.0.0.1/tcp/5001' }), /^SPONDON_KUBO must be/);
  assert.match(
    refusalOf({ ...two, SPONDON_KUBO_AUTH: 'a-secret' }),
    /^SPONDON_KUBO_AUTH must be: (?!.*a-secret)/,
  );
  assert.match(refusalOf({ SPONDON_KUBO_AUTH: 'bearer:x' }), /needs SPONDON_KUBO/);
});

void test('an IPFS Cluster needs nodes, and keeps two copies unless told otherwise', () => {
  const cluster = { SPONDON_KUBO: 'http://a.example:5001', SPONDON_IPFS_CLUSTER: 'http://a.example:9094' };
  const peers = [{ url: 'http://a.example:9094', auth: undefined }];
  assert.deepEqual(readConfig(cluster).kubo?.cluster, { peers, copies: 2 });
  const three = { ...cluster, SPONDON_IPFS_COPIES: '3', SPONDON_IPFS_CLUSTER_AUTH: 'basic:spondon:x' };
  assert.deepEqual(readConfig(three).kubo?.cluster, {
    peers: [{ url: 'http://a.example:9094', auth: 'basic:spondon:x' }],
    copies: 3,
  });
  assert.match(refusalOf({ SPONDON_IPFS_CLUSTER: 'http://a.example:9094' }), /needs SPONDON_KUBO/);
  const { SPONDON_KUBO } = cluster;
  assert.match(refusalOf({ SPONDON_KUBO, SPONDON_IPFS_COPIES: '3' }), /needs SPONDON_IPFS_CLUSTER/);
});
