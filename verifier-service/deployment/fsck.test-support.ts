import assert from 'node:assert/strict';
import type { Elsewhere } from '../config.js';
import { checkData, type Finding } from './fsck.js';

/** What fsck says of each area. */
export async function fsck(
  dataDir: string,
  masterKey?: string,
  elsewhere?: Partial<Elsewhere>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const sound = await checkData(dataDir, masterKey, (finding) => findings.push(finding), elsewhere);
  assert.equal(
    sound,
    findings.every(({ damage }) => damage === null),
  );
  return findings;
}

/** Only what is damaged. */
export async function damageIn(...asked: Parameters<typeof fsck>): Promise<Finding[]> {
  return (await fsck(...asked)).filter(({ damage }) => damage !== null);
}
