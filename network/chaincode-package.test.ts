import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { chaincodePackage } from './chaincode-package.js';

const LINK = {
  address: '127.0.0.1:7080',
  serverCertificate: 'server certificate',
  peerCertificate: 'peer certificate',
  peerKey: `peer key${'.'.repeat(1000)}`,
};

/** One file of an archive, as any tar reads it. */
function extract(archive: Uint8Array, name: string): Buffer {
  const { status, stdout, stderr } = spawnSync('tar', ['-xzOf', '-', name], { input: archive });
  assert.equal(status, 0, String(stderr));
  return stdout;
}

test('a package says where the chaincode runs, and how the two ends know each other', () => {
  const { bytes } = chaincodePackage('records_1', LINK);
  assert.deepEqual(JSON.parse(extract(bytes, 'metadata.json').toString()), {
    path: '',
    type: 'ccaas',
    label: 'records_1',
  });
  const connection = extract(extract(bytes, 'code.tar.gz'), 'connection.json');
  assert.deepEqual(JSON.parse(connection.toString()), {
    address: LINK.address,
    dial_timeout: '10s',
    tls_required: true,
    client_auth_required: true,
    client_key: LINK.peerKey,
    client_cert: LINK.peerCertificate,
    root_cert: LINK.serverCertificate,
  });
});

test('its id is what peers will call it, and stays the same as long as nothing changes', () => {
  const { bytes, id } = chaincodePackage('records_1', LINK);
  assert.equal(id, `records_1:${createHash('sha256').update(bytes).digest('hex')}`);
  assert.equal(chaincodePackage('records_1', { ...LINK }).id, id);
  assert.notEqual(chaincodePackage('records_1', { ...LINK, address: '127.0.0.1:7081' }).id, id);
});
