import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { organisation, TRIAL } from '../trial.test-support.js';
import { ordererCryptoConfig, peersCryptoConfig } from './crypto-config.js';

interface Spec {
  readonly Domain: string;
  readonly EnableNodeOUs: boolean;
  readonly Specs: readonly { readonly Hostname: string; readonly SANS: readonly string[] }[];
}

const dghs = organisation('dghs');
const peers = TRIAL.organisations.flatMap(
  (each) => (parse(peersCryptoConfig(each)) as { PeerOrgs: readonly Spec[] }).PeerOrgs,
);
const orderers = dghs.orderers.flatMap(
  (each) => (parse(ordererCryptoConfig(dghs, each)) as { OrdererOrgs: readonly Spec[] }).OrdererOrgs,
);
const hosts = (specs: readonly Spec[]) =>
  specs.flatMap(({ Domain, Specs }) => Specs.map(({ Hostname }) => `${Hostname}.${Domain}`));

test('every organisation has peers, the regulators orderers in the same domain', () => {
  assert.deepEqual(
    hosts(peers),
    TRIAL.organisations.map(({ domain }) => `peer1.${domain}`),
  );
  assert.deepEqual(hosts(orderers), ['orderer1.dghs.example', 'orderer2.dghs.example']);
});

test('certificates say what their holder is, and name the address that all share natively', () => {
  for (const { EnableNodeOUs, Specs } of [...peers, ...orderers]) {
    assert.equal(EnableNodeOUs, true);
    for (const { SANS } of Specs) assert.ok(SANS.includes('127.0.0.1'));
  }
});
