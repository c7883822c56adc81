import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { damagedRows } from '../database/row-check.js';
import type { Database } from '../database/schema.js';
import type { DatabaseView } from '../database/service-database.js';
import { ServiceError } from '../error.js';
import { authenticate } from '../facilities/api-keys.js';
import { WrappingKeys } from '../facilities/wrapping-keys.js';
import { openReportKey } from '../report/keys.js';
import { parseApiKey } from '../vault/api-key.js';
import type { Vault } from '../vault/seal.js';
import { loadSigningKey } from '../vault/signing-key.js';
import { assertMayOpen } from './belonging.js';
import type { Folders } from './folders.js';
import type { Note } from './fsck-unmatched.js';

/** Throws naming the first row that is not as it was written, or what its engine finds. */
export async function checkDatabase(
  view: DatabaseView,
): Promise<{ checked: string; result: DatabaseView; notes: Note[] }> {
  const { name, db, selfCheck } = view;
  const { checked, unchecked } = await selfCheck().catch((error: unknown) => {
    if (error instanceof ServiceError) throw error;
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  const { count, first: damaged } = await damagedRows(db);
  if (damaged !== null) throw new Error(`${name}: ${damaged} is not as it was written`);
  return {
    checked: [`${count} rows`, ...checked].join(', '),
    result: view,
    notes: unchecked.map((message) => ({
      code: 'ENGINE_UNCHECKED',
      count: 1,
      message: `${name}: ${message}`,
    })),
  };
}

/** Every key opens under the master key, and is the one that its row names. */
export async function checkKeys(folders: Folders, db: Database, vault: Vault): Promise<string> {
  await assertMayOpen(db, vault.keyId, true);
  const signing = await db.selectFrom('issuerKeys').selectAll().execute();
  for (const { iss, kid, sealed } of signing) {
    if (loadSigningKey(sealed, vault, iss).kid !== kid)
      throw new Error(`The signing key ${kid} of ${iss} is another one`);
  }
  const wrapping = await db.selectFrom('facilityKeys').select('iss').execute();
  const keys = new WrappingKeys({ db, vault, random: (length) => new Uint8Array(length) });
  for (const { iss } of wrapping) await keys.check(iss);
  const reporting = await db.selectFrom('reportKeys').selectAll().execute();
  for (const row of reporting) openReportKey(row, vault);
  await checkCredentials(folders, db);
  const counts = [
    `${signing.length} signing keys`,
    `${wrapping.length} wrapping keys`,
    `${reporting.length} keys of reports`,
  ];
  return `${counts.join(', ')} open under the master key`;
}

/** A key that was ended since, or moved elsewhere, is no damage; one that never was is. */
async function checkCredentials({ credentials }: Folders, db: Database): Promise<void> {
  if (!existsSync(credentials)) return;
  for (const name of (await readdir(credentials)).filter((file) => file.endsWith('.json'))) {
    const apiKey = apiKeyIn(await readFile(join(credentials, name), 'utf8'));
    const id = parseApiKey(apiKey)?.id;
    const row =
      id === undefined
        ? undefined
        : await db.selectFrom('apiKeys').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw new Error(`credentials/${name} holds no API key of this service`);
    if (row.revokedAt !== null) continue;
    await authenticate(db, `Bearer ${apiKey}`).catch((cause: unknown) => {
      throw new Error(`credentials/${name} holds an API key that does not fit`, { cause });
    });
  }
}

function apiKeyIn(text: string): string {
  try {
    const { apiKey } = JSON.parse(text) as { apiKey?: unknown };
    return typeof apiKey === 'string' ? apiKey : '';
  } catch {
    return '';
  }
}
