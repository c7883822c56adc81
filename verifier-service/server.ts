import { pino } from 'pino';
import { readConfig } from './config.js';
import { startEmbedded } from './deployment/embedded.js';
import { keepOperatorKey, plantSamples } from './deployment/samples.js';
import { ServiceError } from './error.js';

/** Where the program runs: the environment, signals and standard output; everything else is told. */
async function main(): Promise<void> {
  // Whatever is kept is for its owner alone.
  process.umask(0o077);
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
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

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(error: unknown): void {
  const known = error instanceof ServiceError;
  process.stderr.write(
    `${known ? `${error.code}: ${error.message}` : String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exit(1);
}

main().catch(fail);
