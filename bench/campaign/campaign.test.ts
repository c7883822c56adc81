import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCampaign } from './campaign.js';

test('nothing acknowledged is lost and nothing is anchored twice when the service is killed at random moments', async (t) => {
  const lines: string[] = [];
  const result = await runCampaign({ kills: 6, seed: 20, log: (line) => lines.push(line) });
  t.diagnostic(
    `${result.documents} documents, ${result.statements} statements, ${result.revocations} revocations`,
  );
  assert.deepEqual(result.faults, []);
  assert.ok(result.statements > 0, 'the campaign got no statement acknowledged, so it has shown nothing');
});
