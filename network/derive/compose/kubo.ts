/**
 * What makes a new Kubo node one that may keep documents, as `verifier-service/ipfs/kubo-fitness.ts` asks of it: it talks
 * to nodes with the same swarm key only, looks for nothing and announces nothing in public, hands nothing out, and
 * flushes what it acknowledges. docs/operations.md gives the same commands, which a test compares.
 */
export const KUBO_SETTINGS: readonly string[] = [
  'ipfs bootstrap rm all',
  'ipfs config --json AutoConf.Enabled false',
  'ipfs config --json AutoTLS.Enabled false',
  'ipfs config Routing.Type none',
  "ipfs config --json Routing.DelegatedRouters '[]'",
  "ipfs config --json Ipns.DelegatedPublishers '[]'",
  "ipfs config --json DNS.Resolvers '{}'",
  'ipfs config --json Provide.Enabled false',
  'ipfs config --json Discovery.MDNS.Enabled false',
  "ipfs config --json Addresses.Gateway '[]'",
  `ipfs config --json Datastore.Spec.mounts "$(ipfs config Datastore.Spec.mounts | sed 's/"sync": false/"sync": true/')"`,
];

/** The RPC listens on addresses of the private network only. */
const RPC_ADDRESSES = `ipfs config --json Addresses.API "$(printf '["/ip4/127.0.0.1/tcp/5001"'; for ip in $(hostname -i); do printf ',"/ip4/%s/tcp/5001"' "$ip"; done; printf ']')"`;

/** Sourced by Kubo's image at every start. */
export const KUBO_SETUP = `#!/bin/sh
${[...KUBO_SETTINGS, RPC_ADDRESSES].join('\n')}
`;
