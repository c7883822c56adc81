import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { native, type Place } from '../layout.js';
import { organisation, TRIAL } from '../trial.test-support.js';
import {
  administratorEnvironment,
  ordererEnvironment,
  peerConfiguration,
  peerEnvironment,
  type Environment,
} from './node-environment.js';

const dghs = organisation('dghs');
const [peer] = dghs.peers;
const [orderer] = dghs.orderers;
assert.ok(peer && orderer);

const NATIVE = native('/net');
/** Each node in a container of its own. */
const CONTAINERS: Place = { folder: '/network', bind: '0.0.0.0', reach: (host) => host };
const nodesIn = (place: Place): readonly Environment[] => [
  peerEnvironment(TRIAL, dghs, peer, place),
  ordererEnvironment(TRIAL, dghs, orderer, place),
];

test('every listener wants TLS, and a certificate of whoever connects', () => {
  const [peerEnv, ordererEnv] = nodesIn(NATIVE);
  assert.deepEqual(
    [peerEnv?.['CORE_PEER_TLS_ENABLED'], peerEnv?.['CORE_PEER_TLS_CLIENTAUTHREQUIRED']],
    ['true', 'true'],
  );
  for (const listener of ['GENERAL', 'ADMIN']) {
    assert.equal(ordererEnv?.[`ORDERER_${listener}_TLS_ENABLED`], 'true');
    assert.equal(ordererEnv[`ORDERER_${listener}_TLS_CLIENTAUTHREQUIRED`], 'true');
  }
});

test("nodes believe every member's authority, an orderer's administration only its own", () => {
  const [peerEnv, ordererEnv] = nodesIn(NATIVE);
  const roots = TRIAL.organisations.map(
    ({ domain }) => `/net/crypto/peerOrganizations/${domain}/tlsca/tlsca.${domain}-cert.pem`,
  );
  assert.equal(peerEnv?.['CORE_PEER_TLS_CLIENTROOTCAS_FILES'], roots.join(' '));
  assert.equal(ordererEnv?.['ORDERER_GENERAL_TLS_CLIENTROOTCAS'], `[${roots.join(',')}]`);
  assert.equal(ordererEnv['ORDERER_ADMIN_TLS_CLIENTROOTCAS'], `[${roots[0]}]`);
});

test('natively nothing listens beyond this machine', () => {
  for (const env of nodesIn(NATIVE)) {
    for (const [name, value] of Object.entries(env)) {
      if (/LISTENADDRESS|ENDPOINT|BOOTSTRAP/.test(name)) assert.match(value, /^127\.0\.0\.1(:\d+)?$/, name);
    }
  }
});

test('in containers the settings are the same but for places', () => {
  for (const [at, env] of nodesIn(CONTAINERS).entries()) {
    const here = nodesIn(NATIVE)[at] ?? {};
    assert.deepEqual(Object.keys(env), Object.keys(here));
    for (const [name, value] of Object.entries(env)) {
      const placed = value
        .replaceAll('/network/', '/net/')
        .replaceAll(/0\.0\.0\.0|peer1\.dghs\.example(?=:)/g, '127.0.0.1');
      assert.equal(placed, here[name], name);
    }
  }
});

test('a peer gossips with its own organisation first: with the other peer where there is one', () => {
  const alone = peerEnvironment(TRIAL, dghs, peer, CONTAINERS);
  assert.equal(alone['CORE_PEER_GOSSIP_BOOTSTRAP'], 'peer1.dghs.example:7070');
  const second = { name: 'peer2', ports: { listen: 7090, chaincode: 7091, operations: 7092 } };
  const pair = peerEnvironment(TRIAL, { ...dghs, peers: [peer, second] }, peer, CONTAINERS);
  assert.equal(pair['CORE_PEER_GOSSIP_BOOTSTRAP'], 'peer2.dghs.example:7090');
});

test("an administrator works with the administrator's keys, not with the peer's", () => {
  const env = administratorEnvironment(dghs, peer, NATIVE);
  assert.match(env['CORE_PEER_MSPCONFIGPATH'] ?? '', /users\/Admin@dghs\.example\/msp$/);
  assert.match(env['CORE_PEER_TLS_CLIENTKEY_FILE'] ?? '', /users\/Admin@dghs\.example\/tls\/client\.key$/);
});

test('of the released core.yaml only Docker and the builders are changed', () => {
  const released = {
    peer: { id: 'jdoe' },
    vm: { endpoint: 'unix:///var/run/docker.sock', docker: { tls: { enabled: false } } },
    chaincode: { mode: 'net', externalBuilders: [{ name: 'ccaas_builder', path: '/elsewhere' }] },
  };
  assert.deepEqual(parse(peerConfiguration(JSON.stringify(released), '/fabric/builders/ccaas')), {
    ...released,
    vm: { ...released.vm, endpoint: '' },
    chaincode: { mode: 'net', externalBuilders: [{ name: 'ccaas', path: '/fabric/builders/ccaas' }] },
  });
});
