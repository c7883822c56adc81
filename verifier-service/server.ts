import { type DestinationStream, pino } from 'pino';
import { readConfig } from './config.js';
import { startEmbedded } from './deployment/embedded.js';
import { keepOperatorKey, plantSamples } from './deployment/samples.js';

const LOG_WAITING_BYTES = 1024 * 1024;

/** Where the program runs: the environment, signals and standard output; everything else is told. */
async function main(): Promise<void> {
  // Whatever is kept is for its owner alone.
  process.umask(0o077);
  const config = readConfig(process.env);
  const log = pino(
    { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    logOutput(),
  );
  const deployment = await startEmbedded(config, log);

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
  print(`Spondon listens on ${address}`);
  if (!config.samples) return;
  try {
    (await plantSamples(deployment, address)).forEach(print);
  } catch (error) {
    // Cut short by the end of the service; the next start goes on.
    if (!stopping) throw error;
  }
}

/** A log that lies on a full disk must not end the service: some lines are kept until there is room, further ones lost. */
function logOutput(): DestinationStream {
  const output = pino.destination({ dest: process.stdout.fd, maxLength: LOG_WAITING_BYTES });
  output.on('error', () => undefined);
  return output;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** What has a code was foreseen, and its sentence says what to do; the rest is a bug, and its stack says where. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!('code' in error)) return error.stack ?? error.message;
  const code = String(error.code);
  return error.message.startsWith(code) ? error.message : `${code}: ${error.message}`;
}

function fail(error: unknown): void {
  process.stderr.write(`${describeFailure(error)}\n`);
  process.exit(1);
}

main().catch(fail);
