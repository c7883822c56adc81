import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { FabricLedger } from '@spondon/ledger/fabric/engine';
import { openFabricLedger } from '@spondon/ledger/fabric/open';
import { startTrial, type TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import { trialTrustText } from '@spondon/ledger/fabric/trust.test-support';
import { files, type Place } from '@spondon/network/layout';
import { findFabric } from '@spondon/network/native/fabric';
import { nodesOf, type Node } from '@spondon/network/native/nodes';
import { pidOf, start, stop } from '@spondon/network/native/process';
import { status } from '@spondon/network/native/status';
import { up } from '@spondon/network/native/up';
import { membersOf, organisationNamed } from '@spondon/network/topology';
import {
  startTestServer,
  type TestServer,
  whyNoPostgres,
} from '@spondon/verifier-service/database/postgres.test-support';
import { startKubo, type TestNode, whyNoKubo } from '@spondon/verifier-service/ipfs/kubo.test-support';
import { admitHomeSigner, type HomeSigner, newApiKey, openHomeSigner } from '../home-signer.js';
import { sampleUploads } from '../sample-upload.js';
import { type Call, jsonCall } from '../client.js';
import { ChannelAudit } from './ledger-audit.js';
import { ServiceUnderTrial } from './service-under-trial.js';
import { mountSmallDisk, unmountBelow, whyNoSmallDisk } from './small-disk.js';

export const CHANNEL = 'records';
/** Whose service it is. A regulator, as the service cannot yet have two of them vote on a facility. */
export const OWNER = 'dghs';
const SMALL_PDF_BYTES = 20_000;
/** What the service's data gets, where a disk can be mounted for it. */
const SERVICE_DISK_MB = 512;
/** That share a database; without one there can be but one. */
const COPIES = 2;

/** The trial network and one organisation's service on it, to do things to. */
export interface Scene {
  /** Somebody ends the campaign: whatever waits gives up, and nothing new is started. */
  readonly interrupted: AbortSignal;
  readonly trial: TrialNetwork;
  /** Of the whole scene: network, service's data, what the faults put aside. */
  readonly folder: string;
  readonly service: ServiceUnderTrial;
  readonly stores: Stores;
  readonly ledger: FabricLedger;
  readonly trust: string;
  readonly hospitalKey: string;
  readonly signer: HomeSigner;
  readonly uploads: readonly Call[];
  readonly audit: ChannelAudit;
  readonly node: (host: string) => Node;
  readonly signal: (host: string, signal: NodeJS.Signals) => Promise<void>;
  /** Ends a node in order, for what is to be done to its files. */
  readonly stopNode: (host: string) => Promise<void>;
  /** Starts again, with more in its environment, a node that runs, after killing it. */
  readonly restartWith: (host: string, env: Readonly<Record<string, string>>) => Promise<void>;
  /** Starts what does not run of the network. */
  readonly mend: () => Promise<void>;
  /** The host that orders at the moment. */
  readonly leader: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** What the service's copies share; null where this machine has no such program, and one copy has its own. */
export interface Stores {
  readonly kubo: TestNode | null;
  readonly postgres: TestServer | null;
}

export async function openScene(
  interrupted: AbortSignal,
  placeOf: (folder: string) => Place,
): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-survival-'));
  // Who runs PostgreSQL has to get to its data.
  await chmod(folder, 0o711);
  const toClose: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (let next = toClose.pop(); next; next = toClose.pop()) await next();
  };
  try {
    const trial = await startTrial((topology) => topology, { placeOf });
    toClose.push(() => trial.stop());
    toClose.push(() => unmountBelow(trial.folder));
    interrupted.throwIfAborted();
    const stores = await startStores(folder, (stop) => toClose.push(stop));
    interrupted.throwIfAborted();
    const place = placeOf(trial.folder);
    const ledger = await trial.open(OWNER, CHANNEL);
    // The service casts one vote alone, so this channel's contract knows one regulator; two still endorse.
    await ledger.submit('Init', [JSON.stringify([ledger.mspId])]);
    const trust = await trialTrustText(trial, CHANNEL);
    const trustFile = join(folder, 'trust.json');
    await writeFile(trustFile, trust);
    const dataDir = join(folder, 'service');
    toClose.push(() => unmountBelow(dataDir));
    if (whyNoSmallDisk() === null) await mountSmallDisk(dataDir, SERVICE_DISK_MB);
    const service = new ServiceUnderTrial(dataDir, stores.postgres ? COPIES : 1, {
      SPONDON_LEDGER: 'fabric',
      SPONDON_FABRIC: files.connection(place, organisationNamed(trial.topology, OWNER)),
      SPONDON_TRUST_BUNDLE: trustFile,
      SPONDON_MASTER_KEY: randomBytes(32).toString('base64url'),
      ...(stores.kubo ? { SPONDON_KUBO: stores.kubo.url } : {}),
      ...(stores.postgres ? { SPONDON_DATABASE_URL: await stores.postgres.newDatabase() } : {}),
    });
    toClose.push(() => service.stop());
    await service.start();
    interrupted.throwIfAborted();
    const hospitalKey = await admitHospital(service);
    const peers = await openPeers(trial);
    toClose.push(() => Promise.all([...peers.values()].map((peer) => peer.close())));
    return {
      interrupted,
      trial,
      folder,
      service,
      stores,
      ledger,
      trust,
      hospitalKey,
      signer: openHomeSigner(await admitHomeSigner(service.running, service.client())),
      uploads: await sampleUploads('en', SMALL_PDF_BYTES, hospitalKey),
      audit: new ChannelAudit(peers, ledger.mspId),
      ...hands(trial, place, placeOf),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `toClose` is told at once of what runs. */
async function startStores(folder: string, toClose: (stop: () => Promise<void>) => void): Promise<Stores> {
  const kubo = whyNoKubo() === false ? await startKubo({ apart: true }) : null;
  if (kubo) toClose(() => kubo.remove());
  const kept = join(folder, 'postgresql');
  const postgres = (await whyNoPostgres()) === false ? await startTestServer({ kept, apart: true }) : null;
  if (postgres) toClose(() => postgres.stop());
  return { kubo, postgres };
}

/** What can be done to the network. */
function hands(
  trial: TrialNetwork,
  place: Place,
  placeOf: (folder: string) => Place,
): Pick<Scene, 'node' | 'signal' | 'stopNode' | 'restartWith' | 'mend' | 'leader'> {
  const { topology, folder } = trial;
  const nodes = nodesOf(topology, place);
  const node = (host: string): Node => {
    const found = nodes.find((each) => each.host === host);
    if (!found) throw new TypeError(`there is no ${host}`);
    return found;
  };
  const pid = async (host: string): Promise<number> => {
    const found = await pidOf(node(host).note);
    if (found === undefined) throw new Error(`${host} does not run`);
    return found;
  };
  return {
    node,
    signal: async (host, signal) => void process.kill(await pid(host), signal),
    stopNode: (host) => stop(node(host).note),
    restartWith: async (host, env) => {
      const { folder: kept, log, note } = node(host);
      const running = await runningAs(await pid(host));
      process.kill(await pid(host), 'SIGKILL');
      await stop(note);
      const [command = '', ...args] = [...(place.enter?.(host) ?? []), ...running.words];
      await start({ command, args, env: { ...running.env, ...env }, folder: kept, log, note });
    },
    mend: async () => {
      const fabric = await findFabric(topology.release, process.env);
      await up({ topology, fabric, folder, say: () => undefined, placeOf });
    },
    leader: async () => {
      const consenters = new Map(
        topology.organisations.flatMap(({ domain, orderers }) =>
          orderers.map(({ name, consenter }) => [consenter, `${name}.${domain}`] as const),
        ),
      );
      for (const { leaders } of await status(folder, placeOf)) {
        const host = consenters.get(leaders.get(CHANNEL) ?? -1);
        if (host !== undefined) return host;
      }
      throw new Error('no orderer says who leads');
    },
  };
}

/** A process's own command and environment, as Linux tells them. */
async function runningAs(pid: number): Promise<{ words: string[]; env: Record<string, string> }> {
  const read = async (what: string): Promise<string[]> =>
    (await readFile(`/proc/${pid}/${what}`, 'utf8')).split('\0').filter((each) => each !== '');
  const env = (await read('environ')).map((each) => {
    const at = each.indexOf('=');
    return [each.slice(0, at), each.slice(at + 1)] as const;
  });
  return { words: await read('cmdline'), env: Object.fromEntries(env) };
}

/** One client for each member of the channel, which goes through that member's own peer and no other. */
async function openPeers(trial: TrialNetwork): Promise<Map<string, FabricLedger>> {
  const channel = trial.topology.channels.find(({ name }) => name === CHANNEL);
  if (!channel) throw new TypeError(`there is no ${CHANNEL}`);
  const peers = new Map<string, FabricLedger>();
  for (const { name } of membersOf(trial.topology, channel)) {
    const settings = await trial.settings(name, CHANNEL);
    peers.set(name, openFabricLedger({ ...settings, gateways: settings.gateways.slice(0, 1) }));
  }
  return peers;
}

const HOSPITAL = {
  issuerId: 'bd.dghs.10000001',
  name: 'Survival Hospital',
  kind: 'hospital',
  licence: 'S-1',
  telephone: '+880 2 0000 0007',
};

/** Whose key the service holds, so that it issues; resolves with its API key. */
async function admitHospital(service: ServiceUnderTrial): Promise<string> {
  const client = service.client();
  const operatorKey = await service.running.operatorKey();
  await client.json(jsonCall('/v1/issuers', operatorKey, HOSPITAL));
  return newApiKey(service.running, client, HOSPITAL.issuerId);
}
