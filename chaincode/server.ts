import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import process from 'node:process';
import { removeContractApiHandlers } from './contract-api-handlers.js';
import { serve } from './dispatch.js';
import { Drain } from './drain.js';
import { listen } from './peer/listen.js';
import { Records, TRANSACTIONS } from './records.js';
import { readServerSettings, SettingsError, type ServerSettings } from './server-settings.js';

/** The contract `records` as a service that an organisation runs for its peers. */

async function start({ id, address, health, tls }: ServerSettings): Promise<void> {
  const drain = new Drain();
  const execute = serve({
    contract: new Records(),
    transactions: TRANSACTIONS,
    unforeseen: (error) => console.error(error),
  });
  const pem = {
    key: readFileSync(tls.key),
    cert: readFileSync(tls.cert),
    clientCert: readFileSync(tls.clientCert),
  };
  await listen(address, pem, { id, execute, drain, log: (line) => console.log(line) });
  // Nothing is kept here, and a client repeats a call that got no answer; but an upgrade should cost nobody a call.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void drain.idle().then(() => process.exit(0)));
  }
  // Opened last: whoever gets an answer knows that peers would get one.
  const answers = createServer((request, response) => {
    response.writeHead(request.url === '/health' ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(request.url === '/health' ? { status: 'ok', id } : {}));
  });
  answers.listen(health.port, health.host, () => console.log(`${id} answers on ${address}`));
}

removeContractApiHandlers(process);
try {
  await start(readServerSettings(process.env, (file) => readFileSync(file, 'utf8')));
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
