import assert from 'node:assert/strict';
import { test } from 'node:test';
import { native } from '../layout.js';
import { organisation, TRIAL } from '../trial.test-support.js';
import { connectionSettings } from './connection.js';

const settingsOf = (name: string) => connectionSettings(TRIAL, organisation(name), native('/net'));

test('a client signs as a client of its organisation, and shows a certificate to peers', () => {
  const { mspId, identity, tls } = settingsOf('hospital-group');
  const user = '/net/crypto/peerOrganizations/hospital-group.example/users/User1@hospital-group.example';
  assert.equal(mspId, 'HospitalGroupMSP');
  assert.deepEqual(identity, {
    certificate: `${user}/msp/signcerts/User1@hospital-group.example-cert.pem`,
    key: `${user}/msp/keystore/priv_sk`,
  });
  assert.deepEqual(tls, { certificate: `${user}/tls/client.crt`, key: `${user}/tls/client.key` });
});

test("it goes through its own peer, then through the regulators'", () => {
  const { channels } = settingsOf('hospital-group');
  const gateways = channels['records']?.gateways ?? [];
  assert.deepEqual(
    gateways.map(({ mspId, endpoint, serverName }) => [mspId, endpoint, serverName]),
    [
      ['HospitalGroupMSP', '127.0.0.1:7270', 'peer1.hospital-group.example'],
      ['DghsMSP', '127.0.0.1:7070', 'peer1.dghs.example'],
      ['DgfpMSP', '127.0.0.1:7170', 'peer1.dgfp.example'],
    ],
  );
});

test('both regulators are named as endorsers', () => {
  for (const { name } of TRIAL.organisations) {
    for (const { endorsers } of Object.values(settingsOf(name).channels)) {
      assert.deepEqual(endorsers, ['DghsMSP', 'DgfpMSP']);
    }
  }
});

test('it knows the channels of its organisation, and who else is there', () => {
  assert.deepEqual(Object.keys(settingsOf('hospital-group').channels), ['records', 'shares']);
  assert.deepEqual(Object.keys(settingsOf('diagnostic-group').channels), ['records']);
  const { shares } = settingsOf('police').channels;
  assert.ok(shares);
  assert.equal('chaincode' in shares, false);
  assert.deepEqual(
    shares.members.map(({ mspId, role, root }) => [mspId, role, root.split('/').at(-1)]),
    [
      ['DghsMSP', 'regulator', 'ca.dghs.example-cert.pem'],
      ['DgfpMSP', 'regulator', 'ca.dgfp.example-cert.pem'],
      ['HospitalGroupMSP', 'facility', 'ca.hospital-group.example-cert.pem'],
      ['PoliceMSP', 'authority', 'ca.police.example-cert.pem'],
    ],
  );
});
