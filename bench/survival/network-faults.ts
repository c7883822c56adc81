import { randomInt } from 'node:crypto';
import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { canonicalJson } from '@spondon/protocol/canonical';
import { generatePrivateKey, publicJwkOf } from '@spondon/protocol/crypto-node';
import { packStatements } from '@spondon/protocol/pack';
import { parseStatement } from '@spondon/protocol/statement';
import { LedgerError } from '@spondon/ledger/port';
import type { ConnectionSettings } from '@spondon/network/derive/connection';
import { files, native } from '@spondon/network/layout';
import { connectClient } from '@spondon/network/native/client';
import { organisationNamed } from '@spondon/network/topology';
import { signMany } from '../home-signer.js';
import { type Fault, SUPERVISOR_MS } from './fault.js';
import { CHANNEL, OWNER, type Scene } from './scene.js';
import { cutCable, isInside, mendCable } from './sides.js';
import { fillDisk, freeDisk, moveFromSmallDisk, moveToSmallDisk, whyNoSmallDisk } from './small-disk.js';

const PARTITION_MS = 20_000;
const FULL_DISK_MS = 15_000;
const WRONG_MS = 15_000;
const CLOCK_REST_MS = 500;
/** What a peer takes part in after its backup was made. */
const NOT_IN_BACKUP_MS = 10_000;
/** What a peer on a small disk can still write. */
const PEER_DISK_MB = 96;

const double = (name: string): string => new URL(`./doubles/${name}.js`, import.meta.url).href;
const preloading = (name: string) => ({ NODE_OPTIONS: `--import=${double(name)}` });

const ORDERERS = [
  'orderer1.dghs.example',
  'orderer2.dghs.example',
  'orderer1.dgfp.example',
  'orderer2.dgfp.example',
];
const REGULATORS_PEERS = ['peer1.dghs.example', 'peer1.dgfp.example'];
const FACILITIES_PEERS = ['peer1.hospital-group.example', 'peer1.diagnostic-group.example'];
const REGULATORS_CHAINCODES = ['records.dghs.example', 'records.dgfp.example'];
const FACILITYS_CHAINCODE = 'records.hospital-group.example';

/** Both regulators endorse all that is written, and each has one peer: without it nothing is anchored until it is back. */
function kill(host: string, isNeeded: boolean): Fault {
  return {
    name: `kill-${host.replace(/\.example$/, '')}`,
    title: `kill −9 of ${host}`,
    inject: ({ signal }) => signal(host, 'SIGKILL'),
    ...(isNeeded ? { lastsMs: SUPERVISOR_MS } : {}),
    heal: ({ mend }) => mend(),
  };
}

/** The one that orders when the fault begins. */
function toTheLeader(name: string, title: string, first: NodeJS.Signals, then?: NodeJS.Signals): Fault {
  let leader = '';
  return {
    name,
    title,
    prepare: async (scene) => {
      leader = await scene.leader();
    },
    inject: ({ signal }) => signal(leader, first),
    examine: () => Promise.resolve({ notes: [`the leader was ${leader}`] }),
    heal: async ({ signal, mend }) => {
      if (then) await signal(leader, then);
      await mend();
    },
  };
}

const pausedFollower: Fault = (() => {
  let host = '';
  return {
    name: 'pause-orderer',
    title: 'SIGSTOP of an orderer that does not lead',
    prepare: async (scene) => {
      const leader = await scene.leader();
      host = ORDERERS.find((each) => each !== leader) ?? '';
    },
    inject: ({ signal }) => signal(host, 'SIGSTOP'),
    heal: ({ signal }) => signal(host, 'SIGCONT'),
  };
})();

const partition = (whyNoSides: string | null): Fault => ({
  name: 'partition',
  title: 'partition between the regulators',
  whyNot: isInside() ? null : (whyNoSides ?? 'only inside the namespaces'),
  inject: cutCable,
  lastsMs: PARTITION_MS,
  heal: mendCable,
});

/** Disks are small from before, and everything is done to what lies on them while the programs run. */
function fullDiskOfPeer(host: string): Fault {
  return {
    name: 'full-disk-peer',
    title: `full disk under ${host}`,
    whyNot: whyNoSmallDisk(),
    prepare: async (scene) => {
      await scene.stopNode(host);
      await moveToSmallDisk(scene.node(host).folder, PEER_DISK_MB);
      await scene.mend();
    },
    inject: (scene) => fillDisk(scene.node(host).folder),
    lastsMs: FULL_DISK_MS,
    heal: async (scene) => {
      await freeDisk(scene.node(host).folder);
      await scene.stopNode(host);
      await moveFromSmallDisk(scene.node(host).folder);
      await scene.mend();
    },
  };
}

const wrongClock: Fault = {
  name: 'wrong-clock',
  title: "a regulator's chaincode whose clock is 10 minutes ahead",
  inject: ({ restartWith }) => restartWith('records.dgfp.example', preloading('clock-ahead')),
  lastsMs: WRONG_MS,
  examine: async ({ ledger, service }) => {
    const said = await ledger.submit('Tick', []).then(
      () => 'nothing: it was accepted',
      (error: unknown) => (error instanceof LedgerError ? error.message : String(error)),
    );
    return {
      faults: [
        ...(said.includes('CLOCK_SKEW') ? [] : [`CLOCK_SKEW was expected, and the answer was: ${said}`]),
        ...(service.log.includes('CLOCK_SKEW') ? [] : ["the service's log does not name CLOCK_SKEW"]),
      ],
    };
  },
  heal: async (scene) => {
    await scene.stopNode('records.dgfp.example');
    await scene.mend();
  },
};

/** Neither a result nor a signature of the one that lies counts for anything. */
function lie(name: string, title: string, host: string, stopsAnchoring: boolean): Fault {
  return {
    name,
    title,
    inject: ({ restartWith }) => restartWith(host, preloading('lying-records')),
    ...(stopsAnchoring ? { lastsMs: WRONG_MS } : {}),
    heal: async (scene) => {
      await scene.stopNode(host);
      await scene.mend();
    },
  };
}

const oldBackup = (host: string): Fault => {
  const backupIn = ({ folder }: Scene): string => join(folder, 'old-backup');
  return {
    name: 'old-backup',
    title: `${host} restored from an old backup`,
    prepare: async (scene) => {
      await scene.stopNode(host);
      await cp(scene.node(host).folder, backupIn(scene), { recursive: true });
      await scene.mend();
      await delay(NOT_IN_BACKUP_MS, undefined, { signal: scene.interrupted });
    },
    inject: async (scene) => {
      const { folder } = scene.node(host);
      await scene.stopNode(host);
      await rm(folder, { recursive: true });
      await cp(backupIn(scene), folder, { recursive: true });
    },
    lastsMs: 0,
    heal: async (scene) => {
      await scene.mend();
      await rm(backupIn(scene), { recursive: true });
    },
  };
};

/**
 * As somebody would who wants a statement to be dated earlier than it is published. In a log that nobody else writes,
 * so that nothing but the tick stands against it.
 */
const heldBack: Fault = (() => {
  let status = '';
  return {
    name: 'held-back',
    title: 'an endorsed append, held back until after the next tick',
    inject: async ({ trial, ledger, interrupted }) => {
      const owner = organisationNamed(trial.topology, 'hospital-group');
      const { mspId } = owner;
      const privateKey = generatePrivateKey('P-256');
      const iss = `bd.dghs.${randomInt(20_000_000, 30_000_000)}`;
      const facility = { iss, name: 'Slow Hospital', kind: 'hospital', mspId, licence: 'S-2' };
      const admission = { do: 'admit', ...facility, telephone: '+880 2 0000 0008', nonce: iss };
      await ledger.submit('Decide', [canonicalJson({ ...admission, jwk: publicJwkOf(privateKey) })]);
      const packed = packStatements((await signMany(privateKey, iss, 0, 1)).map(parseStatement));

      const connection = await readFile(files.connection(native(trial.folder), owner), 'utf8');
      const client = await connectClient(JSON.parse(connection) as ConnectionSettings, CHANNEL);
      try {
        const clock = async (): Promise<string> => JSON.stringify(await client.evaluate('Clock', []));
        const before = await clock();
        const submit = await client.hold('Append', ['0', packed, '[]'], [...client.endorsers, mspId]);
        while ((await clock()) === before) await delay(CLOCK_REST_MS, undefined, { signal: interrupted });
        status = await submit();
      } finally {
        client.close();
      }
    },
    lastsMs: 0,
    examine: () =>
      Promise.resolve({
        faults:
          status === 'MVCC_READ_CONFLICT' ? [] : [`MVCC_READ_CONFLICT was expected, and it was ${status}`],
        notes: [status],
      }),
    heal: () => Promise.resolve(),
  };
})();

export function networkFaults(whyNoSides: string | null): readonly Fault[] {
  return [
    ...ORDERERS.map((host) => kill(host, false)),
    toTheLeader('kill-leader', 'kill −9 of the orderer that leads', 'SIGKILL'),
    toTheLeader('pause-leader', 'SIGSTOP of the orderer that leads', 'SIGSTOP', 'SIGCONT'),
    pausedFollower,
    ...REGULATORS_PEERS.map((host) => kill(host, true)),
    ...FACILITIES_PEERS.map((host) => kill(host, false)),
    ...REGULATORS_CHAINCODES.map((host) => kill(host, true)),
    kill(FACILITYS_CHAINCODE, false),
    partition(whyNoSides),
    fullDiskOfPeer(`peer1.${OWNER}.example`),
    wrongClock,
    heldBack,
    oldBackup('peer1.dgfp.example'),
    lie('lying-facility', "a facility's chaincode that answers differently", FACILITYS_CHAINCODE, false),
    lie('lying-owner', "the log owner's chaincode that writes differently", `records.${OWNER}.example`, true),
  ];
}
