import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decidersOf,
  membersOf,
  nativePart,
  parseTopology,
  regulatorsOf,
  withPorts,
  type Topology,
} from './topology.js';
import { channel, DESCRIPTION, TRIAL, TRIAL_JSON } from './trial.test-support.js';

type Draft = { -readonly [Key in keyof Topology]: Topology[Key] };

/** The trial network with something changed in it. */
function changed(change: (draft: Draft) => void): string {
  const draft = JSON.parse(TRIAL_JSON) as Draft;
  change(draft);
  return JSON.stringify(draft);
}

test('the trial network: two regulators with two orderers each, two facilities, police', () => {
  assert.deepEqual(
    TRIAL.organisations.map(({ name, role, orderers, peers }) => [name, role, orderers.length, peers.length]),
    [
      ['dghs', 'regulator', 2, 1],
      ['dgfp', 'regulator', 2, 1],
      ['hospital-group', 'facility', 0, 1],
      ['diagnostic-group', 'facility', 0, 1],
      ['police', 'authority', 0, 1],
    ],
  );
  assert.deepEqual(
    regulatorsOf(TRIAL).map(({ mspId }) => mspId),
    ['DghsMSP', 'DgfpMSP'],
  );
});

test('in containers each regulator has two peers, and a facility its services; natively neither', () => {
  const counts = ({ organisations }: Topology) =>
    organisations.map(({ name, peers, services }) => [name, peers.length, services]);
  assert.deepEqual(counts(DESCRIPTION), [
    ['dghs', 2, undefined],
    ['dgfp', 2, undefined],
    ['hospital-group', 1, 2],
    ['diagnostic-group', 1, undefined],
    ['police', 1, undefined],
  ]);
  assert.deepEqual(
    counts(nativePart(DESCRIPTION)),
    TRIAL.organisations.map(({ name }) => [name, 1, undefined]),
  );
});

test('police are on shares only, the diagnostic group on records only', () => {
  const names = (name: string) => membersOf(TRIAL, channel(name)).map((each) => each.name);
  assert.deepEqual(names('records'), ['dghs', 'dgfp', 'hospital-group', 'diagnostic-group']);
  assert.deepEqual(names('shares'), ['dghs', 'dgfp', 'hospital-group', 'police']);
});

test('regulators and founding facilities decide; who came later does not', () => {
  const later = parseTopology(
    changed(({ organisations }) => {
      const facility = organisations.find(({ name }) => name === 'diagnostic-group');
      if (facility) facility.founder = false;
    }),
  );
  const names = (topology: Topology, name: string) =>
    decidersOf(topology, channel(name)).map((each) => each.name);
  assert.deepEqual(names(TRIAL, 'records'), ['dghs', 'dgfp', 'hospital-group', 'diagnostic-group']);
  assert.deepEqual(names(TRIAL, 'shares'), ['dghs', 'dgfp', 'hospital-group']);
  assert.deepEqual(names(later, 'records'), ['dghs', 'dgfp', 'hospital-group']);
});

test('what does not fit together is refused, and named', () => {
  const [first, second, facility] = TRIAL.organisations;
  assert.ok(first && second && facility);
  const at = (draft: Draft, index: number) => {
    const found = draft.organisations[index];
    assert.ok(found);
    return found;
  };
  const faults: readonly (readonly [(draft: Draft) => void, RegExp])[] = [
    [(draft) => (at(draft, 1).mspId = first.mspId), /an MSP is there twice: DghsMSP/],
    [(draft) => (at(draft, 1).domain = first.domain), /a domain is there twice: dghs\.example/],
    [(draft) => at(draft, 1).orderers.pop(), /3 orderers/],
    [(draft) => (at(draft, 2).peers = first.peers), /a port is there twice: 7070/],
    [(draft) => (at(draft, 2).chaincodes = []), /records: hospital-group does not run its chaincode/],
    [
      (draft) => (at(draft, 2).peers = at(draft, 2).peers.map((peer) => ({ ...peer, containersOnly: true }))),
      /hospital-group has peers in containers only/,
    ],
    [(draft) => (at(draft, 1).role = 'facility'), /dgfp orders and is no regulator/],
    [(draft) => draft.channels[1]?.members.shift(), /shares: .*dghs is not there/],
    [(draft) => draft.channels[1]?.members.push('nobody'), /shares: nobody is no organisation/],
    [(draft) => draft.channels[1]?.members.push('police'), /shares: a member is named twice/],
    [(draft) => Object.assign(draft, { extra: 1 }), /extra/],
    [(draft) => (draft.ordering.consensus.viewChangeTimeout = '10'), /viewChangeTimeout/],
  ];
  for (const [change, message] of faults) {
    assert.throws(() => parseTopology(changed(change)), { code: 'TOPOLOGY', message }, String(message));
  }
  assert.throws(() => parseTopology('{'), { code: 'TOPOLOGY' });
});

test('on other ports it is otherwise the same', () => {
  const moved = withPorts(TRIAL, (port) => port + 10_000);
  assert.equal(moved.organisations[0]?.peers[0]?.ports.listen, 17_070);
  assert.deepEqual(
    withPorts(moved, (port) => port - 10_000),
    TRIAL,
  );
});
