import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { NetworkError } from '../error.js';
import { LOOPBACK } from '../layout.js';
import type { Node } from './nodes.js';
import { pidOf } from './process.js';

const INTERVAL_MS = 200;

export async function isHealthy({ health }: Node): Promise<boolean> {
  try {
    const response = await fetch(health, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // nothing listens, or nothing answers
  }
}

/** @throws NetworkError `NODE_DIED`, `NOT_READY` */
export async function untilHealthy(node: Node, deadlineMs = 60_000): Promise<void> {
  const until = Date.now() + deadlineMs;
  while (!(await isHealthy(node))) {
    if ((await pidOf(node.note)) === undefined) {
      throw new NetworkError(
        'NODE_DIED',
        `${node.host} ended while starting, see ${node.log}: ${await endOf(node.log)}`,
      );
    }
    if (Date.now() > until) {
      throw new NetworkError(
        'NOT_READY',
        `${node.host} is not well, see ${node.log}: ${await endOf(node.log)}`,
      );
    }
    await wait(INTERVAL_MS);
  }
}

/**
 * Repeats what the network may refuse while its nodes still find each other.
 *
 * @throws whatever `attempt` threw last, when it never succeeded in time
 */
export async function untilDone<T>(attempt: () => Promise<T>, deadlineMs = 60_000): Promise<T> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > until) throw error;
      await wait(INTERVAL_MS);
    }
  }
}

/** @throws NetworkError `PORT_TAKEN` */
export async function checkPorts({ host, ports }: Node): Promise<void> {
  for (const port of ports) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(
          new NetworkError('PORT_TAKEN', `${host} needs port ${port}, where something else listens`, {
            cause: error,
          }),
        );
      });
      server.listen(port, LOOPBACK, () => server.close(() => resolve()));
    });
  }
}

async function endOf(log: string): Promise<string> {
  return (await readFile(log, 'utf8')).trim().split('\n').slice(-3).join('\n');
}
