import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gauges } from './status.js';

test("a gauge is read by channel, out of a node's metrics", () => {
  const metrics = [
    '# HELP ledger_blockchain_height Height of the chain in blocks.',
    '# TYPE ledger_blockchain_height gauge',
    'ledger_blockchain_height{channel="records"} 6',
    'ledger_blockchain_height{channel="shares"} 1.2e+06',
    'ledger_block_processing_time_sum{channel="records"} 0.5',
  ].join('\n');
  assert.deepEqual(
    [...gauges(metrics, 'ledger_blockchain_height')],
    [
      ['records', 6],
      ['shares', 1_200_000],
    ],
  );
  assert.deepEqual([...gauges(metrics, 'consensus_BFT_leader_id')], []);
});
