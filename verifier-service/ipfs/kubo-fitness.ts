import { isIPv4 } from 'node:net';
import { z } from 'zod';

/**
 * Whether a Kubo node may keep patients' files: it talks to nodes with the same swarm key only, tells nobody what it
 * has, and flushes what it acknowledges. By default it does none of these.
 *
 * No call of the RPC tells whether the swarm key is in force. What tells is that transports which know no such key are
 * off then: an address for QUIC stands in the configuration, and the node does not listen there.
 */

const names = z.array(z.string()).nullish();
const enabled = z.object({ Enabled: z.boolean().nullish() }).nullish();

/** `ipfs config show`, as far as it matters here; the rest is not looked at. */
const configuration = z.object({
  API: z.object({ Authorizations: z.unknown().optional() }).nullish(),
  Addresses: z.object({
    API: z.union([z.string(), z.array(z.string())]).nullish(),
    Gateway: z.union([z.string(), z.array(z.string())]).nullish(),
    Swarm: names,
  }),
  AutoConf: enabled,
  Bootstrap: names,
  Datastore: z.object({ Spec: z.unknown().optional() }),
  Provide: enabled,
  Routing: z.object({ Type: z.string().nullish() }).nullish(),
  Swarm: z
    .object({
      Transports: z.object({ Network: z.object({ QUIC: z.boolean().nullish() }).nullish() }).nullish(),
    })
    .nullish(),
});

const datastore = z.object({
  type: z.string(),
  sync: z.boolean().optional(),
  mounts: z.array(z.unknown()).optional(),
  child: z.unknown().optional(),
});

/**
 * What has to be changed, in words with the command that does it; empty when the node is as it should be.
 * `listening`: the addresses that it listens on for other nodes.
 */
export function unfitness(config: unknown, listening: readonly string[]): string[] {
  const parsed = configuration.safeParse(config);
  if (!parsed.success) return ['it does not tell its configuration as Kubo does'];
  const { API, Addresses, AutoConf, Bootstrap, Datastore, Provide, Routing, Swarm } = parsed.data;
  const hasQuic = (addresses: readonly string[]) => addresses.some((each) => each.includes('/quic'));
  const showsKey = hasQuic(Addresses.Swarm ?? []) && Swarm?.Transports?.Network?.QUIC !== false;
  return [
    ...(hasQuic(listening)
      ? ['it has no swarm key, so any node may ask it for files: put swarm.key into its repository']
      : []),
    ...(showsKey
      ? []
      : [
          'whether it has a swarm key cannot be told: leave QUIC on, and an address for it in Addresses.Swarm, such as ' +
            '/ip4/0.0.0.0/udp/4001/quic-v1 (with a swarm key it is not used)',
        ]),
    ...(Routing?.Type === 'none' ? [] : ['it looks for files in public: ipfs config Routing.Type none']),
    ...(AutoConf?.Enabled === false
      ? []
      : ['it takes settings from the internet: ipfs config --json AutoConf.Enabled false']),
    ...(Bootstrap?.includes('auto') ? ['it joins the public network: ipfs bootstrap rm all'] : []),
    ...(Provide?.Enabled === false
      ? []
      : ['it announces what it has: ipfs config --json Provide.Enabled false']),
    ...(API?.Authorizations === undefined && isOpen(Addresses.API)
      ? [
          'anybody who reaches it may delete and change: let Addresses.API be of this machine or a private network, or ' +
            'set API.Authorizations',
        ]
      : []),
    ...(isOpen(Addresses.Gateway)
      ? ["it hands out files to the internet: ipfs config --json Addresses.Gateway '[]'"]
      : []),
    ...undurable(Datastore.Spec),
  ];
}

/** Datastores that keep what they acknowledge over a power cut; nothing is known of others. */
function undurable(spec: unknown): string[] {
  const parsed = datastore.safeParse(spec);
  if (!parsed.success) return ['its Datastore.Spec is not known here'];
  const { type, sync, mounts = [], child } = parsed.data;
  if (type === 'mount') return mounts.flatMap(undurable);
  if (type === 'measure') return undurable(child);
  if (type === 'levelds') return [];
  if (type !== 'flatfs')
    return [`whether its datastore ${type} keeps what it acknowledges is not known here: use flatfs`];
  return sync === true
    ? []
    : ['it does not flush blocks to its disk: set "sync": true for flatfs in Datastore.Spec'];
}

/** Every address counts that is not of this machine or a private network: `0.0.0.0` too, unless somebody restricts it. */
function isOpen(addresses: string | readonly string[] | null | undefined): boolean {
  const list = typeof addresses === 'string' ? [addresses] : (addresses ?? []);
  return list.some((address) => {
    const [, family = '', host = ''] = address.split('/');
    return !(family === 'unix' || isPrivate(host));
  });
}

function isPrivate(host: string): boolean {
  if (isIPv4(host)) return /^(?:127|10)\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\./.test(host);
  return host === 'localhost' || host === '::1' || /^f[cd]/i.test(host);
}
