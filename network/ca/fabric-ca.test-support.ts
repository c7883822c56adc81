import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { caEnvironment, REGISTRAR, type CaPorts } from '../derive/ca-environment.js';
import { caHost, files, LOOPBACK, type CaKind, type Place } from '../layout.js';
import { untilDone } from '../native/health.js';
import { start, stop } from '../native/process.js';
import type { Organisation } from '../topology.js';

export const SECRET = 'of the registrar';

/** Why this machine cannot run Fabric CA; `false` when it can. */
export function whyNoCa(): string | false {
  try {
    execFileSync('fabric-ca-server', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    return "Fabric CA's server is not on this machine";
  }
}

export interface RunningCa {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** One authority, with the settings that its container would have, on ports that were free a moment ago. */
export async function startCa(organisation: Organisation, kind: CaKind, place: Place): Promise<RunningCa> {
  const host = caHost(organisation, kind);
  const ports: CaPorts = { listen: await freePort(), operations: await freePort() };
  const folder = files.node(place, host);
  await mkdir(join(files.peerOrganisation(place, organisation), kind), { recursive: true });
  const note = files.process(place, host);
  const env = {
    ...caEnvironment(organisation, kind, ports, place),
    FABRIC_CA_SERVER_BOOT: `${REGISTRAR}:${SECRET}`,
  };
  await start({
    command: 'fabric-ca-server',
    args: ['start'],
    env,
    folder,
    log: files.log(place, host),
    note,
  });
  await untilDone(async () => {
    const answer = await fetch(`http://${LOOPBACK}:${ports.operations}/healthz`);
    if (!answer.ok) throw new Error(`${host} is not well`);
  });
  return { port: ports.listen, stop: () => stop(note) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
