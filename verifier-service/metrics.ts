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
    queue: new Gauge({
      name: 'spondon_queue_statements',
      help: 'Statements waiting to be anchored',
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
    logSize: new Gauge({
      name: 'spondon_log_entries',
      help: 'Entries in each log, as read',
      labelNames: ['organisation'] as const,
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
