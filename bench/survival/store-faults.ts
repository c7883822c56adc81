import { type Fault, SUPERVISOR_MS } from './fault.js';
import type { Scene } from './scene.js';

const PAUSE_MS = 15_000;

/** What the service's copies share besides the ledger; each with why this machine has none. */
export function storeFaults(whyNoKubo: string | null, whyNoPostgres: string | null): readonly Fault[] {
  return [
    { ...killKubo, whyNot: whyNoKubo },
    { ...pauseKubo, whyNot: whyNoKubo },
    { ...killPostgres, whyNot: whyNoPostgres },
    { ...pausePostgres, whyNot: whyNoPostgres },
  ];
}

function kuboOf({ stores: { kubo } }: Scene): NonNullable<Scene['stores']['kubo']> {
  if (!kubo) throw new TypeError('there is no Kubo');
  return kubo;
}

function postgresOf({ stores: { postgres } }: Scene): NonNullable<Scene['stores']['postgres']> {
  if (!postgres) throw new TypeError('there is no PostgreSQL');
  return postgres;
}

const killKubo: Fault = {
  name: 'kill-kubo',
  title: 'kill −9 of Kubo, which has the documents',
  inject: (scene) => kuboOf(scene).kill(),
  lastsMs: SUPERVISOR_MS,
  heal: (scene) => kuboOf(scene).start(),
};

const pauseKubo: Fault = {
  name: 'pause-kubo',
  title: 'SIGSTOP of Kubo',
  inject: (scene) => {
    kuboOf(scene).pause();
    return Promise.resolve();
  },
  lastsMs: PAUSE_MS,
  heal: (scene) => {
    kuboOf(scene).resume();
    return Promise.resolve();
  },
};

const killPostgres: Fault = {
  name: 'kill-postgresql',
  title: 'kill −9 of PostgreSQL, which has people and queue: each of its processes',
  inject: (scene) => postgresOf(scene).kill(),
  lastsMs: SUPERVISOR_MS,
  heal: (scene) => postgresOf(scene).start(),
};

const pausePostgres: Fault = {
  name: 'pause-postgresql',
  title: 'SIGSTOP of PostgreSQL: each of its processes',
  inject: (scene) => postgresOf(scene).pause(),
  lastsMs: PAUSE_MS,
  heal: (scene) => postgresOf(scene).resume(),
};
