import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { NetworkError } from '../error.js';

const execute = promisify(execFile);

/** No program that is run here takes this long unless it waits for ever. */
const DEADLINE_MS = 120_000;

/**
 * Runs a program to its end, in `environment` and nothing else of ours but what programs need to be found.
 *
 * @throws NetworkError `PROGRAM_FAILED` with the end of what it said
 */
export async function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{ stdout: string; stderr: string }> {
  try {
    return await execute(program, args, {
      env: { PATH: process.env['PATH'], ...environment },
      timeout: DEADLINE_MS,
      maxBuffer: 64 << 20,
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-5).join('\n');
    const command = [basename(program), ...args.slice(0, 3)].join(' ');
    throw new NetworkError('PROGRAM_FAILED', `${command} failed: ${said}`, { cause: error });
  }
}
