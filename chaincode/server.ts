import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import process from 'node:process';
import { ClientIdentity, Shim } from 'fabric-shim';
import { removeContractApiHandlers } from './contract-api-handlers.js';
import { serve } from './dispatch.js';
import { countCalls } from './drain.js';
import { Records, TRANSACTIONS } from './records.js';
import { readServerSettings, SettingsError, type ServerSettings } from './server-settings.js';

/** The contract `records` as a service that an organisation runs for its peers. */

/** gRPC's own limit, 4 MB, is less than a batch may have with its frame. Pings keep idle connections open. */
const GRPC_OPTIONS = {
  'grpc.max_send_message_length': -1,
  'grpc.max_receive_message_length': -1,
  'grpc.keepalive_time_ms': 110_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.keepalive_permit_without_calls': 1,
};

/** What an answer takes from here to the wire. */
const LAST_ANSWER_MS = 100;

async function start({ id, address, health, tls }: ServerSettings): Promise<void> {
  const { chaincode, idle } = countCalls(
    serve({
      contract: new Records(),
      transactions: TRANSACTIONS,
      // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the shim made this stub
      identityOf: (stub) => new ClientIdentity(stub),
      unforeseen: (error) => console.error(error),
    }),
  );
  const server = Shim.server(chaincode, {
    ccid: id,
    address,
    tlsProps: {
      key: readFileSync(tls.key),
      cert: readFileSync(tls.cert),
      clientCACerts: readFileSync(tls.clientCert),
    },
    ...GRPC_OPTIONS,
  });
  // Nothing is kept here, and a client repeats a call that got no answer; but an upgrade should cost nobody a call.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void idle().then(() => setTimeout(() => process.exit(0), LAST_ANSWER_MS)));
  }
  await server.start();
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
