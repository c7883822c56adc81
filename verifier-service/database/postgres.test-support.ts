import { execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

/** Where Debian puts a version's programs, which are not on `PATH`. */
const DEBIAN = '/usr/lib/postgresql';
/** PostgreSQL refuses to be run by root; Debian's package makes this user. */
const USER = 'postgres';
const PORT = 5432;

/** A server of its own for the tests of a process, on a socket in a temporary folder; gone when the process is. */
export interface TestServer {
  /** Of a new and empty database, or of a copy of one to which nobody is connected. */
  readonly newDatabase: (original?: string) => Promise<string>;
  /** As a crash of the machine would, but for what is in its memory: nothing is written any more. */
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Why no server can be started here; false when one can. */
export async function whyNoPostgres(): Promise<string | false> {
  if (!(await programs())) return 'PostgreSQL is not installed';
  if (process.getuid?.() === 0 && !(await idsOfUser()))
    return `there is no user ${USER} to run PostgreSQL, which refuses root`;
  return false;
}

export async function startTestServer(): Promise<TestServer> {
  const bin = await programs();
  if (bin === null) throw new Error('PostgreSQL is not installed');
  const owner = process.getuid?.() === 0 ? await idsOfUser() : null;
  const folder = await mkdtemp(join(tmpdir(), 'spondon-pg-'));
  const data = join(folder, 'data');
  if (owner) await chown(folder, owner.uid, owner.gid);
  await chmod(folder, 0o700);
  const asOwner = { cwd: folder, ...owner };
  await run(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'spondon', '-A', 'trust', '-E', 'UTF8', '--locale', 'C', '--no-sync'],
    asOwner,
  );

  const address = (database: string): string =>
    `postgres://spondon@localhost:${PORT}/${database}?host=${encodeURIComponent(folder)}`;
  const start = async () => {
    const server = spawn(
      join(bin, 'postgres'),
      [
        '-D',
        data,
        '-k',
        folder,
        '-p',
        String(PORT),
        '-c',
        'listen_addresses=',
        '-F',
        '-c',
        'max_connections=200',
      ],
      { ...asOwner, stdio: 'ignore' },
    );
    const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
    // It keeps no test running, and no test leaves it running.
    server.unref();
    const endWithUs = (): void => {
      server.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    };
    process.once('exit', endWithUs);
    let isOver = false as boolean;
    void ended.then(() => {
      isOver = true;
      process.off('exit', endWithUs);
    });
    while (!(await answers(address('postgres')))) {
      if (isOver) throw new Error('PostgreSQL ended when it was started');
      await delay(20);
    }
    return { server, ended };
  };
  let running = await start();
  let databases = 0;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    running.server.ref();
    running.server.kill(signal);
    await running.ended;
  };
  return {
    newDatabase: async (original) => {
      databases += 1;
      const name = `test_${databases}`;
      const template = original === undefined ? '' : ` template ${new URL(original).pathname.slice(1)}`;
      await ask(address('postgres'), `create database ${name}${template}`);
      return address(name);
    },
    kill: () => end('SIGQUIT'),
    start: async () => {
      running = await start();
    },
    stop: async () => {
      await end('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ask(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function answers(url: string): Promise<boolean> {
  return ask(url, 'select 1').then(
    () => true,
    () => false,
  );
}

/** The folder with `initdb` and `postgres`; null when there is none. */
async function programs(): Promise<string | null> {
  const versions = existsSync(DEBIAN) ? (await readdir(DEBIAN)).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
  ];
  const has = (folder: string): boolean =>
    ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)));
  return folders.find(has) ?? null;
}

async function idsOfUser(): Promise<{ uid: number; gid: number } | null> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((which) => run('id', [which, USER])));
    return { uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
  } catch {
    return null;
  }
}
