import { spawn } from 'node:child_process';
import { ServiceError } from '../error.js';

/**
 * PostgreSQL's own programs, from `PATH`, of the server's version or a later one. Each works in a transaction of its own.
 * Throws `PROGRAM_MISSING`, and `PROGRAM_FAILED` with what the program said last.
 */

/** Writes the database, as it is at one moment, to a new file. */
export async function dumpDatabase(url: string, file: string): Promise<void> {
  await run('pg_dump', url, ['--format=custom', '--no-owner', '--no-privileges', `--file=${file}`]);
}

/** Makes what a dump holds of a schema, all of it or nothing. */
export async function restoreDump(url: string, file: string, schema: string): Promise<void> {
  await run('pg_restore', url, [
    '--single-transaction',
    '--exit-on-error',
    '--no-owner',
    '--no-privileges',
    // Extensions are no part of it: they are a superuser's.
    `--schema=${schema}`,
    file,
  ]);
}

/** Before anything else is done. `otherwise`: what to do without the program. */
export async function assertProgram(program: Program, otherwise: string): Promise<void> {
  try {
    await ended(program, ['--version'], process.env);
  } catch (cause) {
    if (!(cause instanceof ServiceError)) throw cause;
    throw new ServiceError('PROGRAM_MISSING', `${cause.message}, or ${otherwise}. Nothing was done.`, {
      cause,
    });
  }
}

async function run(program: Program, url: string, args: readonly string[]): Promise<void> {
  const { address, password } = withoutPassword(url);
  const env = password === null ? process.env : { ...process.env, PGPASSWORD: password };
  const { code, said } = await ended(program, [...args, `--dbname=${address}`], env);
  if (code !== 0)
    throw new ServiceError('PROGRAM_FAILED', `${program} ended with ${code ?? 'a signal'}: ${said}`);
}

type Program = 'pg_dump' | 'pg_restore';

/** Anybody on the machine may read what a program was started with. */
function withoutPassword(url: string): { address: string; password: string | null } {
  const address = new URL(url);
  const given = address.searchParams.get('password');
  const password = given ?? (address.password === '' ? null : decodeURIComponent(address.password));
  address.password = '';
  if (given !== null) address.searchParams.delete('password');
  return { address: address.href, password };
}

const SAID_CHARACTERS = 500;

function ended(
  program: Program,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => (said = (said + text).slice(-SAID_CHARACTERS)));
    child.once('error', (cause) => {
      const message =
        `${program} cannot be started (${cause.message}): install PostgreSQL's client programs, of the server's version ` +
        'or later, where PATH leads';
      reject(new ServiceError('PROGRAM_MISSING', message, { cause }));
    });
    child.once('close', (code) => resolve({ code, said: said.trim() }));
  });
}
