import { stringify } from 'yaml';
import { CONTAINERS } from '../layout.js';
import type { Topology } from '../topology.js';
import {
  built,
  envFile,
  mount,
  NETWORKS,
  OWNER,
  STEPS,
  step,
  type Compose,
  type Service,
} from './compose/document.js';
import { fabricServices } from './compose/fabric.js';
import {
  balancerConfig,
  balancerConfiguration,
  frontSubnet,
  issuersOf,
  issuingServices,
} from './compose/service.js';
import { KUBO_SETUP } from './compose/kubo.js';

/** Where the compose file's neighbours are, seen from its folder. */
export interface ComposePlaces {
  /** Folder of the Dockerfile. */
  readonly context: string;
  /** The description that all this is made from. */
  readonly topology: string;
}

/** The network in containers, with an issuing organisation's service: compose.yaml and the files that it names. */
export function composeFiles(topology: Topology, places: ComposePlaces): ReadonlyMap<string, string> {
  const head = '# Made from the topology by `npm run network -- compose`: change that, not this.\n';
  return new Map([
    [
      'compose.yaml',
      head +
        stringify(compose(topology, places), {
          aliasDuplicateObjects: false,
          lineWidth: 0,
          compat: 'yaml-1.1',
        }),
    ],
    [KUBO_FILE, KUBO_SETUP],
    ...issuersOf(topology).map((each) => [balancerConfig(each), balancerConfiguration(each)] as const),
  ]);
}

const KUBO_FILE = 'kubo.sh';

export function compose(topology: Topology, { context, topology: description }: ComposePlaces): Compose {
  const services = [...fabricServices(topology, context), ...issuingServices(topology, context)];
  const all = [volumesStep(services, context), ...services];
  return {
    services: Object.fromEntries(all),
    networks: networksOf(topology),
    volumes: Object.fromEntries(all.flatMap(([, each]) => volumesOf(each)).map((name) => [name, {}])),
    secrets: Object.fromEntries(
      all.flatMap(([, { secrets = [] }]) => secrets).map((name) => [name, { file: envFile(name) }]),
    ),
    configs: {
      topology: { file: description },
      kubo: { file: `./${KUBO_FILE}` },
      ...Object.fromEntries(
        issuersOf(topology).map((each) => [balancerConfig(each), { file: `./${balancerConfig(each)}` }]),
      ),
    },
  };
}

/**
 * New volumes belong to root. This hands those of the network to whom everything else runs as, and makes the places
 * where one is mounted inside another that others may only read.
 */
function volumesStep(services: readonly [string, Service][], context: string): [string, Service] {
  const inside = `:${CONTAINERS.folder}/`;
  const mounts = services.flatMap(([, { volumes = [] }]) => volumes).filter((each) => each.includes(inside));
  const paths = [...new Set(mounts.map((each) => each.split(':')[1] ?? ''))].sort();
  const outermost = paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`)));
  const handOver = step({
    ...built('network', context),
    user: '0:0',
    command: ['chown', '-R', OWNER, ...outermost],
    volumes: paths.map((path) => mount(path, 'rw')),
    network_mode: 'none',
    cap_add: ['CHOWN', 'DAC_READ_SEARCH'],
  });
  return [STEPS.volumes, handOver];
}

function networksOf(topology: Topology): Compose['networks'] {
  const closed = { internal: true } as const;
  const names = [
    NETWORKS.ordering,
    NETWORKS.peers,
    ...topology.organisations.map(NETWORKS.own),
    ...issuersOf(topology).map(NETWORKS.data),
  ];
  return {
    ...Object.fromEntries(names.map((name) => [name, closed])),
    // Not closed: a port of it is published.
    ...Object.fromEntries(
      issuersOf(topology).map((each) => [
        NETWORKS.front(each),
        { ipam: { config: [{ subnet: frontSubnet(topology, each) }] } },
      ]),
    ),
  };
}

const volumesOf = ({ volumes = [] }: Service): readonly string[] =>
  volumes.flatMap((each) => each.split(':').slice(0, 1));
