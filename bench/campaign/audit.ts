import { setTimeout as delay } from 'node:timers/promises';
import { checkData, type Finding } from '@spondon/verifier-service/deployment/fsck';
import { type Client, createClient } from '../client.js';
import { startService } from '../service.js';
import { type Acknowledged, sha256Hex } from './load.js';

export interface Audit {
  readonly faults: readonly string[];
  /** What a kill may leave. */
  readonly notes: readonly string[];
}

const CONNECTIONS = 6;
/** Statements in one request. */
const BATCH = 1000;

/** Compares what was acknowledged with what the service says, then has every byte checked. */
export async function audit(
  dataDir: string,
  acknowledged: Acknowledged,
  keys: { readonly hospital: string; readonly home: string },
  log: (line: string) => void,
): Promise<Audit> {
  const faults: string[] = [];
  const notes: string[] = [];
  const service = await startService({ dataDir });
  const client = createClient(service.url, CONNECTIONS);
  await untilQueueIsEmpty(client);
  faults.push(...(await auditAnswers(client, service.url, acknowledged, keys)));
  client.close();
  await service.stop();
  await checkData(dataDir, undefined, (finding) => {
    const { area, checked, damage } = finding;
    log(damage === null ? `fsck ${area}: ${checked}` : `fsck ${area}: DAMAGED ${damage}`);
    // A document whose file is gone is damage too: the file is durable before the row is written.
    if (damage !== null) faults.push(`fsck ${area}: ${damage}`);
    const judged = judgeNotes(finding, acknowledged.cutOff);
    faults.push(...judged.faults);
    notes.push(...judged.notes);
  });
  return { faults, notes };
}

/** What a running service, whose queue is empty, says of everything that was acknowledged: faults. */
export async function auditAnswers(
  client: Client,
  url: string,
  acknowledged: Pick<Acknowledged, 'documents' | 'revoked' | 'statements'>,
  keys: { readonly hospital: string; readonly home: string },
): Promise<string[]> {
  return [
    ...(await auditDocuments(client, url, acknowledged, keys.hospital)),
    ...(await auditStatements(client, acknowledged, keys.home)),
  ];
}

/**
 * To fsck a missing row is no damage, since a database may have been restored. Here none was. A document's row and its
 * statement are one transaction, so neither is ever without the other. Its file is stored before: a kill in between
 * leaves one without a row, at most one for each request that was cut off.
 */
function judgeNotes({ area, notes }: Finding, cutOff: number): Audit {
  const judged = { faults: [] as string[], notes: [] as string[] };
  for (const { code, count, message } of notes) {
    if (code === 'FILE_WITHOUT_ROW' && count <= cutOff)
      judged.notes.push(`fsck ${area}: ${message}; ${cutOff} requests to issue were cut off`);
    else judged.faults.push(`fsck ${area}: ${message}`);
  }
  return judged;
}

export async function untilQueueIsEmpty(client: Client): Promise<void> {
  for (;;) {
    const { text } = await client.send({ path: '/metrics' });
    if (/^spondon_queue_statements 0$/m.test(text)) return;
    await delay(50);
  }
}

async function auditDocuments(
  client: Client,
  url: string,
  { documents, revoked }: Pick<Acknowledged, 'documents' | 'revoked'>,
  hospitalKey: string,
): Promise<string[]> {
  const faults: string[] = [];
  const headers = { authorization: `Bearer ${hospitalKey}` };
  for (const [code, sha256] of documents) {
    const { status, text } = await client.send({ path: `/v1/documents/${code}`, headers });
    if (status !== 200) {
      faults.push(`document ${code} was acknowledged, and is answered ${status}: ${text.slice(0, 300)}`);
      continue;
    }
    const view = JSON.parse(text) as { state: string; sha256: string; revocation?: { state: string } };
    if (view.state !== 'anchored') faults.push(`document ${code} is ${view.state}`);
    if (view.sha256 !== sha256) faults.push(`document ${code} has another hash than was acknowledged`);
    if (revoked.has(code) && view.revocation?.state !== 'anchored')
      faults.push(`the revocation of ${code} is lost`);
  }
  // fsck opens every file and compares its hash; here a few as their hospital gets them.
  faults.push(...(await lostFiles(url, [...documents].slice(0, 20), hospitalKey)));
  return faults;
}

/** Of these documents, by code and hash, those that their hospital does not get back as they were. */
export async function lostFiles(
  url: string,
  documents: readonly (readonly [code: string, sha256: string])[],
  hospitalKey: string,
): Promise<string[]> {
  const lost: string[] = [];
  const headers = { authorization: `Bearer ${hospitalKey}` };
  for (const [code, sha256] of documents) {
    const answer = await fetch(`${url}/v1/documents/${code}/file`, { headers });
    if (sha256Hex(new Uint8Array(await answer.arrayBuffer())) !== sha256)
      lost.push(`the file of ${code} is another one, or none (${answer.status})`);
  }
  return lost;
}

async function auditStatements(
  client: Client,
  { statements }: Pick<Acknowledged, 'statements'>,
  homeKey: string,
): Promise<string[]> {
  const faults: string[] = [];
  const texts = [...statements];
  for (let from = 0; from < texts.length; from += BATCH) {
    const body = Buffer.from(JSON.stringify({ statements: texts.slice(from, from + BATCH) }));
    const headers = { authorization: `Bearer ${homeKey}`, 'content-type': 'application/json' };
    const { results } = (await client.json({ method: 'POST', path: '/v1/statements', headers, body })) as {
      results: { documentId: string; state: string }[];
    };
    for (const { documentId, state } of results)
      if (state !== 'anchored') faults.push(`statement ${documentId} is ${state}`);
  }
  return faults;
}
