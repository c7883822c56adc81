import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readServerSettings } from './server-settings.js';

const ENV = {
  CHAINCODE_ID: `records_1:${'0'.repeat(64)}`,
  CHAINCODE_SERVER_ADDRESS: '0.0.0.0:7080',
  CHAINCODE_HEALTH_ADDRESS: '[::1]:7081',
  CHAINCODE_TLS_CERT: 'server.crt',
  CHAINCODE_TLS_KEY: 'server.key',
  CHAINCODE_TLS_CLIENT_CERT: 'peer.crt',
};

const noFile = (file: string): never => {
  throw new Error(`there is no ${file}`);
};

test('the environment gives id, addresses and files', () => {
  assert.deepEqual(readServerSettings({ ...ENV, UNRELATED: 'x' }, noFile), {
    id: ENV.CHAINCODE_ID,
    address: '0.0.0.0:7080',
    health: { host: '::1', port: 7081 },
    tls: { cert: 'server.crt', key: 'server.key', clientCert: 'peer.crt' },
  });
});

test('whatever is missing or makes no sense is named', () => {
  for (const name of Object.keys(ENV)) {
    for (const value of [
      undefined,
      '',
      ...(name.endsWith('ADDRESS') || name.endsWith('ID') ? ['records'] : []),
    ]) {
      assert.throws(() => readServerSettings({ ...ENV, [name]: value }, noFile), {
        code: 'SETTINGS',
        message: new RegExp(`^${name} must be set: `),
      });
    }
  }
});

test('a file may give the id instead', () => {
  const { CHAINCODE_ID, ...rest } = ENV;
  const env = { ...rest, CHAINCODE_ID_FILE: '/package.id' };
  assert.equal(readServerSettings(env, () => `${CHAINCODE_ID}\n`).id, CHAINCODE_ID);
  assert.throws(() => readServerSettings(env, noFile), { code: 'SETTINGS', message: /CHAINCODE_ID_FILE/ });
});
