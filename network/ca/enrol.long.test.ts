import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { appendArguments, Facility } from '@spondon/chaincode/sample.test-support';
import { canonicalJson } from '@spondon/protocol/canonical';
import { connectionSettings } from '../derive/connection.js';
import { REGISTRAR } from '../derive/ca-environment.js';
import {
  caHost,
  files,
  identityIn,
  LOOPBACK,
  native,
  serverTlsIn,
  type CaKind,
  type Place,
} from '../layout.js';
import { connectClient, type NetworkClient } from '../native/client.js';
import { down } from '../native/down.js';
import { untilDone } from '../native/health.js';
import { status } from '../native/status.js';
import { upOnFreePorts, whyNoTrial } from '../native/trial.test-support.js';
import { hostOf, type Organisation, type Topology } from '../topology.js';
import { TRIAL } from '../trial.test-support.js';
import { enrolOrganisation, type Authorities } from './enrol.js';
import { SECRET, startCa, whyNoCa, type RunningCa } from './fabric-ca.test-support.js';

const skip = (await whyNoTrial()) || whyNoCa();

describe('a network whose identities Fabric CA issued', { skip, timeout: 8 * 60_000 }, () => {
  let base: string;
  let place: Place;
  let topology: Topology;
  const authorities = new Map<string, Authorities>();
  const running: RunningCa[] = [];

  const at = (name: string): Organisation => {
    const found = topology.organisations.find((each) => each.name === name);
    assert.ok(found);
    return found;
  };
  const startAuthorities = async (organisation: Organisation, where: Place): Promise<Authorities> => {
    const start = async (kind: CaKind, root: string) => {
      const ca = await startCa(organisation, kind, where);
      running.push(ca);
      return {
        host: LOOPBACK,
        port: ca.port,
        name: caHost(organisation, kind),
        root: await readFile(root, 'utf8'),
      };
    };
    return {
      identities: await start('ca', files.root(where, organisation)),
      tls: await start('tlsca', files.tlsRoot(where, organisation)),
      registrar: { name: REGISTRAR, secret: SECRET },
    };
  };
  const enrol = async (organisation: Organisation) => {
    const by = authorities.get(organisation.name);
    assert.ok(by);
    await enrolOrganisation(organisation, by, place);
  };

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'spondon-ca-'));
    const made = native(join(base, 'enrolled'));
    for (const organisation of TRIAL.organisations) {
      const by = await startAuthorities(organisation, made);
      authorities.set(organisation.name, by);
      await enrolOrganisation(organisation, by, made);
    }
    const started = await upOnFreePorts(base, TRIAL, {
      fill: (folder) => cp(files.crypto(made), files.crypto(native(folder)), { recursive: true }),
    });
    topology = started.topology;
    place = native(started.folder);
  });

  after(async () => {
    await down({ folder: place.folder, erase: false });
    await Promise.all(running.map((ca) => ca.stop()));
    await rm(base, { recursive: true });
  });

  test('it starts, and every node is well', async () => {
    const nodes = await status(place.folder);
    assert.deepEqual(
      nodes.filter(({ state }) => state !== 'running').map(({ node }) => node.host),
      [],
    );
  });

  test('certificates say what their holder is, and at which names', async () => {
    const dghs = at('dghs');
    const [orderer] = dghs.orderers;
    assert.ok(orderer);
    const folder = files.orderer(place, dghs, orderer);
    const host = hostOf(dghs, orderer);
    const read = async (file: string) => new X509Certificate(await readFile(file));
    const identity = await read(identityIn(folder, host).certificate);
    assert.match(identity.subject, /^OU=orderer$/m);
    assert.ok(identity.verify((await read(files.root(place, dghs))).publicKey));
    const tls = await read(serverTlsIn(folder).certificate);
    assert.equal(tls.checkHost(host), host);
    assert.ok(tls.verify((await read(files.tlsRoot(place, dghs))).publicKey));
    const { mode } = await stat(identityIn(folder, host).key);
    assert.equal(mode & 0o077, 0);
  });

  test('both regulators admit an issuer, and its organisation anchors', async () => {
    const facility = new Facility('bd.dghs.1', 'HospitalGroupMSP');
    const client = (name: string) => connectClient(connectionSettings(topology, at(name), place), 'records');
    const [first, second, hospital] = await Promise.all(['dghs', 'dgfp', 'hospital-group'].map(client));
    assert.ok(first && second && hospital);
    const regulators = [first.mspId, second.mspId];
    const admission = canonicalJson(facility.admission());
    // One regulator's peer may have a block a moment after the other's, and until then they answer differently.
    const submit = (by: NetworkClient, fn: string, args: Parameters<NetworkClient['submit']>[1]) =>
      untilDone(async () => assert.equal(await by.submit(fn, args, regulators), 'VALID'));
    await submit(first, 'Init', [JSON.stringify(regulators)]);
    await submit(first, 'Decide', [admission]);
    await submit(second, 'Decide', [admission]);
    const statement = await facility.issue();
    await submit(hospital, 'Append', appendArguments(0, [statement]));
    for (const each of [first, second, hospital]) each.close();
  });

  test('enrolling again keeps what is there', async () => {
    const police = at('police');
    const [peer] = police.peers;
    assert.ok(peer);
    const { certificate } = identityIn(files.peer(place, police, peer), hostOf(police, peer));
    const before = await readFile(certificate);
    await enrol(police);
    assert.deepEqual(await readFile(certificate), before);
  });

  test('what was lost is issued again, to a name that is registered already', async () => {
    const police = at('police');
    const folder = files.user(place, police, 'User1');
    await rm(folder, { recursive: true });
    await enrol(police);
    const { certificate } = identityIn(folder, `User1@${police.domain}`);
    assert.match(new X509Certificate(await readFile(certificate)).subject, /^OU=client$/m);
  });

  test('a wrong secret is refused, in the words of the authority', async () => {
    const police = at('police');
    const by = authorities.get('police');
    assert.ok(by);
    const wrong = { ...by, registrar: { ...by.registrar, secret: 'guessed' } };
    await assert.rejects(enrolOrganisation(police, wrong, place), { code: 'CA', message: /Authentication/ });
  });
});
