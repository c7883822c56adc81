import { parseArgs } from 'node:util';
import { runCampaign } from './campaign/campaign.js';

/** `npm run campaign -- --kills 1000 --seed 1`: kills the service again and again, then audits everything. */
const { values } = parseArgs({
  options: { kills: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
});
const begun = Date.now();
const result = await runCampaign({
  kills: Number(values.kills),
  seed: Number(values.seed),
  log: (line) => process.stdout.write(`${line}\n`),
});
const minutes = ((Date.now() - begun) / 60_000).toFixed(1);
const { documents, statements, revocations, faults, notes } = result;
process.stdout.write(
  `${values.kills} kills in ${minutes} minutes: ${documents} documents, ${statements} statements and ${revocations} revocations acknowledged\n`,
);
for (const note of notes) process.stdout.write(`NOTED ${note}\n`);
for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`);
process.stdout.write(faults.length === 0 ? 'nothing lost, nothing twice\n' : `${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
