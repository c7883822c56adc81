import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { TRIAL } from '../trial.test-support.js';
import { cryptoConfig } from './crypto-config.js';

interface Spec {
  readonly Domain: string;
  readonly EnableNodeOUs: boolean;
  readonly Specs: readonly { readonly Hostname: string; readonly SANS: readonly string[] }[];
}

const { peers, orderers } = cryptoConfig(TRIAL);
const { PeerOrgs } = parse(peers) as { PeerOrgs: readonly Spec[] };
const { OrdererOrgs } = parse(orderers) as { OrdererOrgs: readonly Spec[] };

test('every organisation has peers, the regulators orderers in the same domain', () => {
  const hosts = (specs: readonly Spec[]) =>
    specs.flatMap(({ Domain, Specs }) => Specs.map(({ Hostname }) => `${Hostname}.${Domain}`));
  assert.deepEqual(
    PeerOrgs.map(({ Domain }) => Domain),
    TRIAL.organisations.map(({ domain }) => domain),
  );
  assert.deepEqual(hosts(OrdererOrgs), [
    'orderer1.dghs.example',
    'orderer2.dghs.example',
    'orderer1.dgfp.example',
    'orderer2.dgfp.example',
  ]);
});

test('certificates say what their holder is, and name the address that all share natively', () => {
  for (const { EnableNodeOUs, Specs } of [...PeerOrgs, ...OrdererOrgs]) {
    assert.equal(EnableNodeOUs, true);
    for (const { SANS } of Specs) assert.ok(SANS.includes('127.0.0.1'));
  }
});
