import { once } from 'node:events';
import { type IncomingMessage, request as ask } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { openPostgres } from '../database/postgres.js';
import { type Balancer, startBalancer } from './balancer.test-support.js';
import { startCopy } from './copy-process.test-support.js';
import { settingsOfRun } from './consortium.test-support.js';
import {
  databaseOf,
  type Send,
  type ServiceUnderTest,
  settingsFor,
  underTest,
} from './deployment.test-support.js';

type Env = Readonly<Record<string, string>>;

/** The service as a consortium's member runs it: two copies, each a process with a folder of its own, behind a balancer. */
export async function startCopies(
  dataDir: string,
  env: Env = {},
  keptKey?: string,
): Promise<ServiceUnderTest> {
  const databaseUrl = await databaseOf(dataDir);
  const logLines: string[] = [];
  const copy = (name: string) =>
    startCopy(
      settingsFor(join(dataDir, name), {
        SPONDON_MASTER_KEY: 'A'.repeat(43),
        ...env,
        ...settingsOfRun(),
        SPONDON_DATABASE_URL: databaseUrl,
        SPONDON_TRUST_PROXY: '127.0.0.1',
      }),
      (line) => logLines.push(line),
    );
  const started = await Promise.allSettled([copy('copy-1'), copy('copy-2')]);
  const copies = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const [first, second] = copies;
  if (!first || !second) {
    await Promise.all(copies.map(({ stop }) => stop()));
    throw started.find((each) => each.status === 'rejected')?.reason;
  }
  const balancer = await startBalancer([first.url, second.url]);
  const database = await openPostgres(databaseUrl);
  const close = async (): Promise<void> => {
    await balancer.stop();
    await Promise.all(copies.map(({ stop }) => stop()));
    await database.close();
  };
  let closing: Promise<void> | undefined;
  return {
    ...(await underTest(database.db, through(balancer), keptKey)),
    dataDir,
    logLines,
    address: () => Promise.resolve(first.url),
    close: () => (closing ??= close()),
  };
}

function through({ socketPath }: Balancer): Send {
  const send: Send = async (request) => {
    const { method, url: path, payload, from = '127.0.0.1' } = request;
    const headers = { host: 'localhost', 'x-forwarded-for': from, ...request.headers };
    const sent = ask({ socketPath, method, path, headers });
    sent.end(payload);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    // What is left of a refused body is read by nobody.
    sent.on('error', () => undefined);
    const { statusCode: status = 0 } = answer;
    const bytes = await buffer(answer);
    // Nothing was done: it is asked again, as clients do.
    if (status === 503 && bytes.includes('KEY_CHANGING')) return send(request);
    return { status, headers: answer.headers, bytes };
  };
  return send;
}
