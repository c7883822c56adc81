import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { Facility } from '@spondon/chaincode/sample.test-support';
import { consentersOf, type Consenter } from '@spondon/network/config/consenters';
import { files, native } from '@spondon/network/layout';
import { readConfiguration } from '@spondon/network/native/configuration';
import { findFabric } from '@spondon/network/native/fabric';
import { untilDone } from '@spondon/network/native/health';
import { readTopology } from '@spondon/network/native/kept-topology';
import { makeConfiguration } from '@spondon/network/native/material';
import type { Running } from '@spondon/network/native/members';
import { addOrderer, consenterOf, removeOrderer } from '@spondon/network/native/orderers';
import { pidOf, stop } from '@spondon/network/native/process';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { organisationNamed } from '@spondon/network/topology';
import { cutAtEveryStep, isCutAfter } from './cut-short.test-support.js';
import type { FabricLedger } from './engine.js';
import { found } from './founded.test-support.js';
import { allRun, ordererHeightsAgree } from './nodes.test-support.js';
import { isUndisturbed, trafficDuring, withoutUnknown } from './traffic.test-support.js';
import { startTrial, type TrialNetwork } from './trial.test-support.js';

/** Each test ends as the same command does that nobody cut short. */
describe('orderers, by commands cut short', { skip: await whyNoTrial(), timeout: 15 * 60_000 }, () => {
  let trial: TrialNetwork;
  let running: Running;
  let hospital: FabricLedger;
  const facility = new Facility('bd.dghs.1', 'HospitalGroupMSP');

  before(async () => {
    trial = await startTrial();
    const { topology, folder } = trial;
    running = { fabric: await findFabric(topology.release, process.env), folder, say: () => undefined };
    ({ hospital } = await found(trial, [facility]));
  });
  after(() => trial.stop());

  /** While others anchor, and twice more when it is done. */
  async function during(act: () => Promise<unknown>): Promise<void> {
    isUndisturbed(withoutUnknown(await trafficDuring(hospital, facility, act)));
    isUndisturbed(await trafficDuring(hospital, facility, () => Promise.resolve()));
  }

  async function cutShort(command: (running: Running) => Promise<void>): Promise<number> {
    let cuts = 0;
    await during(async () => (cuts = await cutAtEveryStep(command, running)));
    return cuts;
  }

  /** Everybody orders whom the description names, and nobody else, and has all that was ordered. */
  async function allOrder(): Promise<readonly string[]> {
    const described = (await describedConsenters()).sort((a, b) => a.id - b.id);
    for (const channel of trial.topology.channels) {
      const found = [...(await channelConsenters(channel.name))].sort((a, b) => a.id - b.id);
      assert.deepEqual(found, described, channel.name);
    }
    const hosts = await allRun(trial.folder);
    await untilDone(() => ordererHeightsAgree(trial.folder));
    return hosts;
  }

  async function describedConsenters(): Promise<Consenter[]> {
    const { organisations } = await readTopology(trial.folder);
    const place = native(trial.folder);
    return Promise.all(
      organisations.flatMap((owner) => owner.orderers.map((each) => consenterOf(owner, each, place))),
    );
  }

  async function channelConsenters(name: string): Promise<readonly Consenter[]> {
    const topology = await readTopology(trial.folder);
    const place = native(trial.folder);
    const config = await makeConfiguration(running.fabric, place);
    const channel = topology.channels.find((each) => each.name === name);
    assert.ok(channel);
    const site = { topology, fabric: running.fabric, config, place };
    const { group } = await readConfiguration(site, channel, organisationNamed(topology, 'dghs'));
    return consentersOf(group);
  }

  /** Of everything in the data folder, down to its deepest. */
  async function pathsNaming(part: string): Promise<readonly string[]> {
    return (await readdir(trial.folder, { recursive: true })).filter((path) => path.includes(part));
  }

  test('a fifth one takes part', async (t) => {
    t.diagnostic(`cut ${await cutShort((once) => addOrderer('dghs', 'orderer3', once))} times`);
    assert.ok((await allOrder()).includes('orderer3.dghs.example'));
  });

  test('let go while it is away, it keeps what it had, and the others go on', async (t) => {
    await stop(files.process(native(trial.folder), 'orderer3.dghs.example'));
    const remove = (once: Running) => removeOrderer('dghs', 'orderer3', { ...once, erase: false });
    t.diagnostic(`cut ${await cutShort(remove)} times`);
    assert.ok(!(await allOrder()).includes('orderer3.dghs.example'));
    assert.notDeepEqual(await pathsNaming('orderer3.dghs.example'), []);
  });

  test('back with what it kept, which does not say that it was let go, it takes part again', async () => {
    await during(() => addOrderer('dghs', 'orderer3', running));
    assert.ok((await allOrder()).includes('orderer3.dghs.example'));
  });

  test('let go in one channel only, and taken back, it takes part again', async () => {
    // The first that is asked to order anything.
    const remove = (once: Running) => removeOrderer('dghs', 'orderer1', { ...once, erase: false });
    assert.ok(await isCutAfter(1, remove, running));
    await during(() => addOrderer('dghs', 'orderer1', running));
    await allOrder();
  });

  test('erased, nothing is left of it', async (t) => {
    const remove = (once: Running) => removeOrderer('dghs', 'orderer1', { ...once, erase: true });
    t.diagnostic(`cut ${await cutShort(remove)} times`);
    assert.ok(!(await allOrder()).includes('orderer1.dghs.example'));
    assert.deepEqual(await pathsNaming('orderer1.dghs.example'), []);
  });

  test('who stands still then, and misses blocks, fetches them', async () => {
    const pid = await pidOf(files.process(native(trial.folder), 'orderer1.dgfp.example'));
    assert.ok(pid);
    const goal = (await hospital.height()) + 60;
    process.kill(pid, 'SIGSTOP');
    try {
      const goOn = () => untilDone(async () => assert.ok((await hospital.height()) >= goal));
      isUndisturbed(await trafficDuring(hospital, facility, goOn));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    isUndisturbed(await trafficDuring(hospital, facility, () => Promise.resolve()));
    await allOrder();
  });

  test('with new keys one of its name takes part', async () => {
    await during(() => addOrderer('dghs', 'orderer1', running));
    assert.ok((await allOrder()).includes('orderer1.dghs.example'));
    assert.deepEqual(await pathsNaming('.unfinished'), []);
  });
});
