import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  furtherPorts,
  parseMember,
  withDefinition,
  withNextServers,
  withOrderer,
  withOrganisation,
  withoutIdleServers,
  withoutOrderer,
  withoutOrganisation,
} from './topology-changes.js';
import { membersOf, serverOf } from './topology.js';
import { channel, organisation, TRIAL } from './trial.test-support.js';

const EXAMPLE = readFileSync(new URL('../examples/diagnostic-c.json', import.meta.url), 'utf8');
const joining = parseMember(EXAMPLE);
const as = (change: Partial<typeof joining.organisation>) => ({
  ...joining,
  organisation: { ...joining.organisation, ...change },
});

test('the example joins the trial network, on the channel that it names, and can go again', () => {
  const grown = withOrganisation(TRIAL, joining);
  const names = (name: string) => {
    const found = grown.channels.find((each) => each.name === name);
    assert.ok(found);
    return membersOf(grown, found).map((each) => each.name);
  };
  assert.ok(names('records').includes('diagnostic-c'));
  assert.ok(!names('shares').includes('diagnostic-c'));
  assert.deepEqual(withoutOrganisation(grown, joining.organisation), TRIAL);
});

test('a name, an MSP, a domain or a port of somebody else is refused, each with its code', () => {
  const { name, mspId, domain, peers } = organisation('police');
  for (const taken of [{ name }, { mspId }, { domain }]) {
    assert.throws(() => withOrganisation(TRIAL, as(taken)), { code: 'NAME_TAKEN' });
  }
  assert.throws(() => withOrganisation(TRIAL, as({ peers })), { code: 'PORT_TAKEN' });
});

test('regulators do not join, nor who orders, nor who does not run the contract', () => {
  assert.throws(() => withOrganisation(TRIAL, as({ role: 'regulator' })), { code: 'MEMBER_ROLE' });
  const { orderers } = organisation('dghs');
  assert.throws(() => withOrganisation(TRIAL, as({ orderers })), { code: 'MEMBER_ROLE' });
  assert.throws(() => withOrganisation(TRIAL, as({ chaincodes: [] })), { code: 'TOPOLOGY' });
  assert.throws(() => withOrganisation(TRIAL, { ...joining, channels: ['nowhere'] }), { code: 'TOPOLOGY' });
});

test('an orderer that comes gets a number that no other has', () => {
  const dghs = organisation('dghs');
  const [listen = 0, admin = 0, operations = 0] = furtherPorts(TRIAL, 3);
  const node = { name: 'orderer3', ports: { listen, admin, operations } };
  const grown = withOrderer(TRIAL, dghs, node);
  const added = grown.organisations[0]?.orderers[2];
  assert.deepEqual(added, { ...node, consenter: 5 });
  assert.deepEqual(withoutOrderer(grown, dghs, added), TRIAL);
  assert.throws(() => withOrderer(TRIAL, dghs, { ...node, name: 'orderer1' }), { code: 'NAME_TAKEN' });
});

test('during an upgrade every member serves both versions, afterwards the new one', () => {
  const { chaincode } = channel('records');
  assert.ok(chaincode);
  const next = { ...chaincode, version: '2', sequence: 2 };
  const both = withNextServers(TRIAL, chaincode, '2');
  for (const member of membersOf(both, channel('records'))) {
    assert.equal(serverOf(member, chaincode)?.name, 'records');
    assert.equal(serverOf(member, next)?.name, 'records-2');
  }
  const done = withoutIdleServers(withDefinition(both, channel('records'), next));
  for (const member of membersOf(done, channel('records'))) {
    assert.deepEqual(
      member.chaincodes.map(({ name }) => name),
      ['records-2'],
    );
  }
});
