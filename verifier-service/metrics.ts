import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What an operator watches. Labels are routes, verdicts and codes: never who or what. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Histogram({
      name: 'spondon_http_request_seconds',
      help: 'Time to answer a request, by route and status',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    issued: new Counter({ name: 'spondon_documents_issued_total', help: 'Documents issued here', registers }),
    anchored: new Counter({
      name: 'spondon_statements_anchored_total',
      help: 'Statements anchored by this worker',
      registers,
    }),
    setAside: new Counter({
      name: 'spondon_statements_refused_total',
      help: 'Statements that the ledger refused',
      labelNames: ['code'] as const,
      registers,
    }),
    anchorTroubles: new Counter({
      name: 'spondon_anchor_troubles_total',
      help: 'Failed attempts to anchor',
      registers,
    }),
    documentStoreTroubles: new Counter({
      name: 'spondon_document_store_troubles_total',
      help: 'Failed calls to Kubo nodes',
      labelNames: ['reason'] as const,
      registers,
    }),
    clusterTroubles: new Counter({
      name: 'spondon_ipfs_cluster_troubles_total',
      help: 'Failed calls to peers of the IPFS Cluster',
      labelNames: ['reason'] as const,
      registers,
    }),
    clusterPeers: new Gauge({
      name: 'spondon_ipfs_cluster_peers',
      help: 'Peers of the IPFS Cluster that answer; 0 when none does, or there is no cluster',
      registers,
    }),
    documentsToCopy: new Gauge({
      name: 'spondon_documents_to_copy',
      help: 'Documents whose copies the IPFS Cluster is still to be asked for, or has not made',
      registers,
    }),
    queue: new Gauge({
      name: 'spondon_queue_statements',
      help: 'Statements waiting to be anchored',
      registers,
    }),
    leader: new Gauge({
      name: 'spondon_leader',
      help: '1 in the copy of the service that anchors, 0 in the others',
      registers,
    }),
    queueAge: new Gauge({
      name: 'spondon_queue_age_seconds',
      help: 'How long the oldest statement has been waiting to be anchored; 0 when none does',
      registers,
    }),
    upSeconds: new Counter({
      name: 'spondon_up_seconds_total',
      help: 'Seconds in which the service did its work: look-up, verifiers were answered within a second; ready, what is issued is anchored as well',
      labelNames: ['service'] as const,
      registers,
    }),
    lagSeconds: new Gauge({
      name: 'spondon_follower_lag_seconds',
      help: 'For how long at most look-ups have not shown what the ledger has',
      registers,
    }),
    lag: new Gauge({
      name: 'spondon_follower_lag_blocks',
      help: 'Blocks of the ledger not read yet',
      registers,
    }),
    agreedAt: new Gauge({
      name: 'spondon_ledger_agreed_timestamp_seconds',
      help: "When another organisation's peer last held the same blocks; 0 before the first time",
      labelNames: ['organisation'] as const,
      registers,
    }),
    certificateUntil: new Gauge({
      name: 'spondon_certificate_expiry_timestamp_seconds',
      help: 'When a certificate ends, by what it is for and whose it is',
      labelNames: ['certificate', 'holder'] as const,
      registers,
    }),
    logSize: new Gauge({
      name: 'spondon_log_entries',
      help: 'Entries in each log, as read',
      labelNames: ['organisation'] as const,
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
