import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './deployment.test-support.js';

/** As the containers run it: see `network/derive/compose/service.ts`. */
const CONFIGURATION = new URL('../../../network/compose/hospital-group.balancer.cfg', import.meta.url);
/** Debian's is not on everybody's `PATH`. */
const PROGRAM = existsSync('/usr/sbin/haproxy') ? '/usr/sbin/haproxy' : 'haproxy';

export function whyNoBalancer(): string | false {
  const { status } = spawnSync(PROGRAM, ['-v'], { stdio: 'ignore' });
  return status === 0 ? false : 'HAProxy is not on this machine';
}

/** In front of copies of the service. */
export interface Balancer {
  readonly socketPath: string;
  readonly stop: () => Promise<void>;
}

/** With the configuration of the containers, but for addresses. Listens on a socket in a folder of its own. */
export async function startBalancer(urls: readonly [string, string]): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-balancer-'));
  const [socketPath, alive] = [join(folder, 'portal'), join(folder, 'alive')];
  const addresses: readonly [RegExp, string][] = [
    [/bind :\d+/, `bind unix@${socketPath}`],
    [/bind 127\.0\.0\.1:\d+/, `bind unix@${alive}`],
    [/(?<=server service1\S* )\S+/g, new URL(urls[0]).host],
    [/(?<=server service2\S* )\S+/g, new URL(urls[1]).host],
  ];
  let configuration = await readFile(CONFIGURATION, 'utf8');
  for (const [pattern, ours] of addresses) {
    if (!pattern.test(configuration))
      throw new TypeError(`${CONFIGURATION.pathname} has no ${pattern.source}`);
    configuration = configuration.replace(pattern, ours);
  }
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, configuration);
  const child = spawn(PROGRAM, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'close');
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  await until(() => {
    if (child.exitCode !== null) throw new Error('HAProxy ended when it was started');
    return existsSync(socketPath);
  });
  return {
    socketPath,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      process.off('exit', endWithUs);
      await rm(folder, { recursive: true });
    },
  };
}
