import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SECRETS } from '../derive/compose/document.js';
import { databaseUrl, issuersOf } from '../derive/compose/service.js';
import type { Topology } from '../topology.js';

/**
 * What the containers are told and the compose file does not say, by file: `random` gives so many bytes. A `.env` is
 * read by Docker, everything else is mounted.
 */
export function secretsOf(
  topology: Topology,
  random: (bytes: number) => Buffer,
): ReadonlyMap<string, string> {
  const word = () => random(24).toString('base64url');
  const hex = () => random(32).toString('hex');
  const forMembers = topology.organisations.flatMap((each) => {
    const couchdb = word();
    return [
      [SECRETS.ca(each), word()],
      [
        SECRETS.couchdbEnv(each),
        lines({
          COUCHDB_USER: 'peer',
          COUCHDB_PASSWORD: couchdb,
          CORE_LEDGER_STATE_COUCHDBCONFIG_USERNAME: 'peer',
          CORE_LEDGER_STATE_COUCHDBCONFIG_PASSWORD: couchdb,
        }),
      ],
    ] as const;
  });
  const forIssuers = issuersOf(topology).flatMap((each) => {
    const postgres = word();
    return [
      [SECRETS.postgres(each), postgres],
      [SECRETS.swarm(each), `/key/swarm/psk/1.0.0/\n/base16/\n${hex()}\n`],
      [SECRETS.clusterEnv(each), lines({ CLUSTER_SECRET: hex() })],
      [
        SECRETS.serviceEnv(each),
        lines({
          SPONDON_MASTER_KEY: random(32).toString('base64url'),
          SPONDON_DATABASE_URL: databaseUrl(each, postgres),
        }),
      ],
    ] as const;
  });
  return new Map<string, string>([...forMembers, ...forIssuers]);
}

const lines = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

/**
 * Writes them, all or none. Containers read them under users of their own: the folder is what keeps others on this
 * machine out, the files in it are readable.
 *
 * @returns false, and changes nothing, when the folder is there
 */
export async function writeSecrets(folder: string, secrets: ReadonlyMap<string, string>): Promise<boolean> {
  if (existsSync(folder)) return false;
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  for (const [name, content] of secrets) await writeFile(join(unfinished, name), content, { mode: 0o444 });
  await rename(unfinished, folder);
  return true;
}
