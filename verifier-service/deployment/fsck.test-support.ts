import assert from 'node:assert/strict';
import { checkData, type Finding } from './fsck.js';

/** What fsck says of each area. */
export async function fsck(dataDir: string, masterKey?: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const sound = await checkData(dataDir, masterKey, (finding) => findings.push(finding));
  assert.equal(
    sound,
    findings.every(({ damage }) => damage === null),
  );
  return findings;
}

/** Only what is damaged. */
export async function damageIn(dataDir: string, masterKey?: string): Promise<Finding[]> {
  return (await fsck(dataDir, masterKey)).filter(({ damage }) => damage !== null);
}
