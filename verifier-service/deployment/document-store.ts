import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { makeFolderDurably, writeFileDurably } from '@spondon/ledger/durable-file';
import type { ClusterSettings, KuboSettings } from '../config.js';
import { ServiceError } from '../error.js';
import { type ClusterOptions, IpfsCluster } from '../ipfs/cluster.js';
import type { CopiesOptions } from '../ipfs/copies.js';
import { openEmbeddedStore } from '../ipfs/embedded.js';
import { openKuboStore } from '../ipfs/kubo.js';
import type { DocumentStore } from '../ipfs/store.js';
import type { Metrics } from '../metrics.js';
import type { Folders } from './folders.js';

/** Where documents are kept, and what keeps it from doing so, in words for the operator. */
export interface Documents {
  readonly store: DocumentStore;
  readonly problems: () => Promise<string[]>;
  /** What is wrong and does not keep it from doing so. */
  readonly warnings: () => readonly string[];
  /** To be called every minute. */
  readonly tend: () => Promise<void>;
}

/** Stands where the documents would be that are on Kubo instead: with it, nobody takes an empty folder for all there is. */
const ON_KUBO = 'kubo';

export function areOnKubo({ ipfs }: Pick<Folders, 'ipfs'>): boolean {
  return existsSync(join(ipfs, ON_KUBO));
}

/**
 * For the service. Throws `CONFIG_INVALID` when the documents are elsewhere than the settings say, and when a node is not
 * set up for them; one that cannot be reached is waited for.
 */
export async function openDocuments(
  folders: Folders,
  kubo: KuboSettings | null,
  { metrics, log }: { readonly metrics: Metrics; readonly log: Logger },
): Promise<Documents> {
  if (!kubo) {
    if (areOnKubo(folders)) throw elsewhere();
    const store = await openEmbeddedStore(folders.ipfs);
    return {
      store,
      problems: () => Promise.resolve([]),
      warnings: () => [],
      tend: () => Promise.resolve(),
    };
  }
  const warnOnce = onceOver(log);
  const warnOfCluster = onceOver(log);
  const store = openKuboStore(kubo.nodes, {
    onTrouble(reason, says) {
      metrics.documentStoreTroubles.inc({ reason });
      warnOnce(reason, says);
    },
    ...(kubo.cluster && {
      copies: copiesOn(kubo.cluster, {
        onTrouble(reason, says) {
          metrics.clusterTroubles.inc({ reason });
          warnOfCluster(reason, says);
        },
        onCount({ unfinished, peers }) {
          metrics.documentsToCopy.set(unfinished);
          metrics.clusterPeers.set(peers);
        },
      }),
    }),
  });
  await store.check();
  if (!areOnKubo(folders)) await moveToKubo(folders);
  return {
    store,
    problems: () => store.problems(),
    warnings: () => store.warnings(),
    tend: () => store.tend(),
  };
}

/** The same words again are not said again. */
function onceOver(log: Logger) {
  let told: string | null = null;
  return (reason: string, says: string): void => {
    if (says !== told) log.warn({ reason }, says);
    told = says;
  };
}

function copiesOn(
  { peers, copies: wanted }: ClusterSettings,
  { onTrouble, onCount }: Pick<ClusterOptions, 'onTrouble'> & Pick<CopiesOptions, 'onCount'> = {},
): CopiesOptions {
  return { cluster: new IpfsCluster(peers, { onTrouble }), wanted, onCount };
}

/** For commands that work on a data folder: the folder says whether its documents are on Kubo, the settings where. */
export async function findDocuments(
  folders: Folders,
  kubo: KuboSettings | null,
  purpose: 'use' | 'look',
): Promise<DocumentStore> {
  if (!areOnKubo(folders)) return openEmbeddedStore(folders.ipfs, purpose);
  if (!kubo) throw elsewhere();
  const store = openKuboStore(kubo.nodes, kubo.cluster ? { copies: copiesOn(kubo.cluster) } : {});
  await store.check();
  return store;
}

async function moveToKubo({ ipfs }: Folders): Promise<void> {
  const embedded = await openEmbeddedStore(ipfs, 'look');
  for await (const cid of embedded.list()) {
    const message = `SPONDON_KUBO: there are documents in ${ipfs} already (${cid}), and none is moved: go on without it`;
    throw new ServiceError('CONFIG_INVALID', message);
  }
  await makeFolderDurably(ipfs);
  await writeFileDurably(
    join(ipfs, ON_KUBO),
    Buffer.from('Documents are on the Kubo nodes of SPONDON_KUBO.\n'),
  );
}

function elsewhere(): ServiceError {
  return new ServiceError(
    'CONFIG_INVALID',
    'The documents of this data folder are on Kubo: set SPONDON_KUBO',
  );
}
