import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Every benchmark in turn, each in its own process; arguments go to all of them. */

const folder = await mkdtemp(join(tmpdir(), 'spondon-bench-'));
// The log that growth leaves behind is the one that look-ups are measured on.
const programs = [
  ['issue'],
  ['lone'],
  ['documents'],
  ['anchor'],
  ['evidence'],
  ['growth', '--data', folder],
  ['verify', '--data', folder],
  ['paper'],
  ['portal'],
  ['fabric'],
  ['verify-fabric'],
  ['start'],
];
const failed: string[] = [];
try {
  for (const [name = '', ...args] of programs) {
    const program = join(import.meta.dirname, `${name}.js`);
    const child = spawn(process.execPath, [program, ...args, ...process.argv.slice(2)], { stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) failed.push(name);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
if (failed.length > 0) throw new Error(`These did not run to their end: ${failed.join(', ')}`);
