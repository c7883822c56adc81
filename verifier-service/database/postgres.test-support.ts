import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
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

/** A server of its own for a process, on a socket in a temporary folder; gone when the process is. */
export interface TestServer {
  /** Of a new and empty database, or of a copy of one to which nobody is connected. */
  readonly newDatabase: (original?: string) => Promise<string>;
  /** Of the one with this name, made when there is none. */
  readonly database: (name: string) => Promise<string>;
  /** `kill -9` of each of its processes. */
  readonly kill: () => Promise<void>;
  /** SIGSTOP of each of its processes, which keep their connections and say nothing. */
  readonly pause: () => Promise<void>;
  readonly resume: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Why no server can be started here, with its data below `folder`; false when one can. */
export async function whyNoPostgres(folder?: string): Promise<string | false> {
  if (!(await programs())) return 'PostgreSQL is not installed';
  if (process.getuid?.() !== 0) return false;
  const owner = await idsOfUser();
  if (!owner) return `there is no user ${USER} to run PostgreSQL, which refuses root`;
  if (folder === undefined) return false;
  return run('test', ['-x', folder], { cwd: '/', ...owner }).then(
    () => false,
    () => `PostgreSQL refuses root, and the user ${USER} may not enter ${folder}`,
  );
}

/**
 * `kept`: a folder for the data of this server and of later ones, which survive a power cut; without one nothing is kept
 * or flushed. `apart`: Ctrl-C in the terminal is left to us, so that whoever uses the server ends before it.
 */
export async function startTestServer({
  kept,
  apart = false,
}: { readonly kept?: string; readonly apart?: boolean } = {}): Promise<TestServer> {
  const bin = await programs();
  if (bin === null) throw new Error('PostgreSQL is not installed');
  const owner = process.getuid?.() === 0 ? await idsOfUser() : null;
  // A socket's path must be short.
  const folder = await mkdtemp(join(tmpdir(), 'spondon-pg-'));
  const data = kept ?? join(folder, 'data');
  await mkdir(data, { recursive: true });
  for (const each of [folder, data]) {
    if (owner) await chown(each, owner.uid, owner.gid);
    await chmod(each, 0o700);
  }
  const asOwner = { cwd: folder, ...owner };
  if (!existsSync(join(data, 'PG_VERSION')))
    await run(
      join(bin, 'initdb'),
      [
        '-D',
        data,
        '-U',
        'spondon',
        '-A',
        'trust',
        '-E',
        'UTF8',
        '--locale',
        'C',
        ...(kept ? [] : ['--no-sync']),
      ],
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
        ...(kept ? [] : ['-F']),
        '-c',
        'max_connections=200',
      ],
      { ...asOwner, stdio: 'ignore', detached: apart },
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
  const database = async (name: string): Promise<string> => {
    const found = await ask(address('postgres'), `select from pg_database where datname = '${name}'`);
    if (found === 0) await ask(address('postgres'), `create database "${name}"`);
    return address(name);
  };
  return {
    newDatabase: async (original) => {
      databases += 1;
      const name = `test_${databases}`;
      const template = original === undefined ? '' : ` template ${new URL(original).pathname.slice(1)}`;
      await ask(address('postgres'), `create database "${name}"${template}`);
      return address(name);
    },
    database,
    kill: async () => {
      // Stopped first, so that it neither replaces nor mourns those that go before it.
      running.server.kill('SIGSTOP');
      const children = await childrenOf(running.server);
      for (const child of children) process.kill(child, 'SIGKILL');
      await end('SIGKILL');
      // One that is left would keep the next server from starting.
      while ((await processes()).some((each) => children.includes(each.pid))) await delay(20);
    },
    pause: async () => {
      running.server.kill('SIGSTOP');
      for (const child of await childrenOf(running.server)) process.kill(child, 'SIGSTOP');
    },
    resume: async () => {
      for (const child of await childrenOf(running.server)) process.kill(child, 'SIGCONT');
      running.server.kill('SIGCONT');
    },
    start: async () => {
      running = await start();
    },
    stop: async () => {
      // In order where the data go on, at once where they go.
      await end(kept ? 'SIGINT' : 'SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function childrenOf({ pid = 0 }: ChildProcess): Promise<number[]> {
  return (await processes()).filter(({ parent }) => parent === pid).map((each) => each.pid);
}

/** All on this machine but those that have ended and are not yet forgotten. */
async function processes(): Promise<{ readonly pid: number; readonly parent: number }[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=,state=']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state = 'Z']) => !state.startsWith('Z'))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}

/** Resolves with how many rows came back. */
async function ask(url: string, statement: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query(statement)).rows.length;
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
