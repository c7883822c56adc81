import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startTestServer, whyNoPostgres } from '@spondon/verifier-service/database/postgres.test-support';
import { startKubo, type TestNode, whyNoKubo } from '@spondon/verifier-service/ipfs/kubo.test-support';

/** Where the deployments of a trial keep their documents, people and queues. */
export interface Stores {
  /** A deployment's settings for them. */
  readonly settings: (organisation: string) => Readonly<Record<string, string>>;
  /** The Kubo node that keeps an organisation's documents; null where they are in its data folder. */
  readonly kuboOf: (organisation: string) => Pick<TestNode, 'url'> | null;
  /** For people: which store keeps what, and why no other does. */
  readonly words: readonly string[];
  readonly stop: () => Promise<void>;
}

/**
 * A private Kubo node for each organisation and one PostgreSQL server with a database for each, below `folder`, which
 * the next run goes on with. What this machine has no program for stays embedded in the deployments' own data folders, as
 * does what began there.
 */
export async function startStores(folder: string, organisations: readonly string[]): Promise<Stores> {
  const place = { kubo: resolve(folder, 'kubo'), postgres: resolve(folder, 'postgresql') };
  const isOld = organisations.some((each) => existsSync(join(folder, each)));
  const began = (where: string): string | false =>
    isOld && !existsSync(where) && `the data in ${folder} began without it`;
  // PostgreSQL, as another user, has to get to what is its own; everything else here is closed to others by itself.
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const noKubo = whyNoKubo() || began(place.kubo);
  const noPostgres = (await whyNoPostgres(resolve(folder))) || began(place.postgres);

  const nodes = new Map<string, TestNode>();
  const databases = new Map<string, string>();
  const toStop: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (let next = toStop.pop(); next; next = toStop.pop()) await next();
  };
  try {
    for (const organisation of noKubo ? [] : organisations) {
      const repository = join(place.kubo, organisation);
      await mkdir(repository, { recursive: true, mode: 0o700 });
      const node = await startKubo({ folder: repository, apart: true });
      toStop.push(() => node.stop());
      nodes.set(organisation, node);
    }
    if (!noPostgres) {
      const server = await startTestServer({ kept: place.postgres, apart: true });
      toStop.push(() => server.stop());
      for (const organisation of organisations)
        databases.set(organisation, await server.database(organisation));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    settings: (organisation) => ({
      ...given('SPONDON_KUBO', nodes.get(organisation)?.url),
      ...given('SPONDON_DATABASE_URL', databases.get(organisation)),
    }),
    kuboOf: (organisation) => nodes.get(organisation) ?? null,
    words: [
      noKubo
        ? `documents         embedded, in each data folder: ${noKubo}`
        : `documents         on Kubo, a private node for each: ${[...nodes.values()].map(({ url }) => url).join(', ')}`,
      noPostgres
        ? `people, queues    embedded, in each data folder: ${noPostgres}`
        : `people, queues    in PostgreSQL, a database for each, its data in ${place.postgres}`,
    ],
    stop,
  };
}

function given(name: string, value: string | undefined): Readonly<Record<string, string>> {
  return value === undefined ? {} : { [name]: value };
}
