import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { createMetrics } from './metrics.js';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
}

const RULES = new URL('../../docs/alerts.yml', import.meta.url);
/** Of Prometheus itself and its node exporter. */
const OTHERS = ['up', 'node_filesystem_avail_bytes'];

async function rules(): Promise<readonly Rule[]> {
  const { groups } = parse(await readFile(RULES, 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
}

/** Metrics that an expression names: what stands before a selector, a range, or nothing, and is no function. */
function metricsIn(expr: string): readonly string[] {
  const bare = expr.replace(/"[^"]*"/g, '""').replace(/ (?:by|without) \([^)]*\)/g, '');
  const names = bare.replace(/\{[^}]*\}|\[[^\]]*\]/g, '').match(/[a-zA-Z_:][\w:]*(?!\w|:)(?! ?\()/g) ?? [];
  return names.filter((name) => !['and', 'or', 'unless'].includes(name));
}

test('every metric that an alert names is one of ours, recorded by a rule, or one of the exporters', async () => {
  const all = await rules();
  const own = (await createMetrics().registry.getMetricsAsJSON()).flatMap(({ name, type }) =>
    String(type) === 'histogram' ? [`${name}_count`, `${name}_sum`, `${name}_bucket`] : [name],
  );
  const recorded = all.flatMap(({ record = '' }) => record);
  const known = new Set([...own, ...recorded, ...OTHERS]);
  const named = all.flatMap(({ expr }) => metricsIn(expr));
  assert.ok(named.includes('spondon_up_seconds_total') && named.includes('spondon:down:ratio_rate5m'));
  assert.deepEqual(
    named.filter((name) => !known.has(name)),
    [],
  );
});

test('brackets of every expression match, and no alert has the name of another', async () => {
  const all = await rules();
  for (const { expr } of all)
    for (const [open, close] of ['()', '[]', '{}'])
      assert.equal(expr.split(open ?? '').length, expr.split(close ?? '').length, expr);
  const names = all.flatMap(({ alert }) => alert ?? []);
  assert.equal(new Set(names).size, names.length);
});
