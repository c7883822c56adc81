import { pino } from 'pino';
import { describeAddress } from './address.js';
import { readConfig } from './config.js';
import { startService } from './deployment/start.js';
import { keepOperatorKey, plantSamples } from './deployment/samples.js';
import { diskProblem } from './disk.js';
import { messageWithCode } from './error.js';
import { logTo } from './log-output.js';

/** Where the program runs: the environment, signals and standard output; everything else is told. */
async function main(): Promise<void> {
  // Whatever is kept is for its owner alone.
  process.umask(0o077);
  const config = readConfig(process.env);
  const output = logTo(process.stdout.fd);
  process.on('exit', () => output.end());
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, output);
  const deployment = await startService(config, log);

  let stopping = false as boolean;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info({ signal }, 'finishing what was accepted');
      void deployment.close().then(() => process.exit(0), fail);
    });
  }

  await keepOperatorKey(deployment);
  const address = await deployment.app.listen({ host: config.host, port: config.port });
  const { url, lines } = describeAddress(config.portalUrl, address);
  lines.forEach(print);
  if (!config.samples) return;
  try {
    (await plantSamples(deployment, url)).forEach(print);
  } catch (error) {
    // Cut short by the end of the service; the next start goes on.
    if (!stopping) throw error;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What has a code was foreseen, and its sentence says what to do; the rest is a bug, and its stack says where. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error)) return error.stack ?? error.message;
  const message = messageWithCode(error);
  const problem = diskProblem(error);
  return problem === null ? message : `${message} (${problem})`;
}

function fail(error: unknown): void {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exit(1);
}

main().catch(fail);
