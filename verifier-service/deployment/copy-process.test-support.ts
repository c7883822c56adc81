import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('../server.js', import.meta.url));

/** One copy of the service, in a process of its own, which ends with this one. */
export interface Copy {
  readonly child: ChildProcess;
  readonly url: string;
  /** In order, as an operator ends it. Throws what it says when it ends otherwise. */
  readonly stop: () => Promise<void>;
}

/** Throws what it says when it ends before it listens, with its code. */
export async function startCopy(
  settings: Readonly<Record<string, string>>,
  onLog: (line: string) => void = () => undefined,
): Promise<Copy> {
  const env = { PATH: process.env.PATH ?? '', ...settings };
  const child = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  void ended.then(() => process.off('exit', endWithUs));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += String(text)));
  const listens = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = /listens on (http:\S+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
      else if (line.startsWith('{')) onLog(line);
    });
  });
  const failed = ended.then(() => {
    const [, code = '', message = said] = /^([A-Z_]+): ([^]*)$/.exec(said) ?? [];
    throw Object.assign(new Error(message), { code });
  });
  failed.catch(() => undefined);
  return {
    child,
    url: await Promise.race([listens, failed]),
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = (await ended) as [number | null];
      if (code !== 0) throw new Error(`a copy of the service ended with ${code}: ${said}`);
    },
  };
}
