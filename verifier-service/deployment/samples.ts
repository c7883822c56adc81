import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OWNER_ONLY_FILE, writeFileDurably } from '@spondon/ledger/durable-file';
import { randomBytes } from 'node:crypto';
import { sampleFacilities, sampleHospital } from '@spondon/fixtures/facilities';
import { DOCUMENT_KINDS } from '@spondon/protocol/statement';
import { DEFAULT_DATA_DIR, DEFAULT_PORT } from '../config.js';
import { issueApiKey } from '../facilities/api-keys.js';
import { createThreadPool } from '../threads/pool.js';
import type { Deployment } from './start.js';
import type { DrawnSample, SampleJob } from './sample-thread.js';

const DRAWING_MS = 60_000;

export function operatorCredentials(folder: string): string {
  return join(folder, 'operator.json');
}

export function sampleCredentials(folder: string): string {
  return join(folder, 'sample-hospital.json');
}

/** The operator's key for administration, made at a first start: `{apiKey}`, for its owner alone. */
export async function keepOperatorKey({ db, folders }: Deployment): Promise<void> {
  const path = operatorCredentials(folders.credentials);
  if (existsSync(path)) return;
  const { text } = await issueApiKey(db, null, Date.now(), (length) => randomBytes(length));
  await writeFileDurably(path, `${JSON.stringify({ apiKey: text }, null, 2)}\n`, OWNER_ONLY_FILE);
}

/**
 * At a first start: admits the sample facilities, issues a sample document of each kind and language, and writes the
 * sample hospital's API key. Done again from the start when it was cut short: the key's file comes last. Never where
 * a facility of the real world was admitted: what is on the ledger stays there.
 */
export async function plantSamples(deployment: Deployment, address: string): Promise<string[]> {
  const { db, folders, registrar } = deployment;
  const credentials = sampleCredentials(folders.credentials);
  const invented = new Set(sampleFacilities.map(({ issuerId }) => issuerId));
  if (existsSync(credentials) || [...deployment.issuers().keys()].some((iss) => !invented.has(iss)))
    return [];
  for (const { issuerId: iss, title, kind, licence, telephone } of sampleFacilities) {
    if (!deployment.issuer(iss)) await registrar.admit({ iss, name: title.en, kind, licence, telephone });
  }
  const { text: apiKey } = await issueApiKey(db, sampleHospital.issuerId, Date.now(), (length) =>
    randomBytes(length),
  );
  const codes = await issueSamples(deployment, apiKey);
  for (const { issuerId: iss, later } of sampleFacilities) {
    if (later === 'is-suspended' && deployment.issuer(iss)?.state === 'admitted')
      await registrar.suspend(iss);
  }
  const content = { issuerId: sampleHospital.issuerId, apiKey };
  await writeFileDurably(credentials, `${JSON.stringify(content, null, 2)}\n`, OWNER_ONLY_FILE);
  return describeNextSteps(commandFor(address, folders.data), address, codes);
}

async function issueSamples(deployment: Deployment, apiKey: string): Promise<string[]> {
  // In a thread of its own, which gives back the memory that fonts and drawing take.
  const drawing = createThreadPool<SampleJob, DrawnSample>({
    module: new URL('./sample-thread.js', import.meta.url),
    threads: 1,
    maxQueue: 1,
    timeoutMs: DRAWING_MS,
  });
  try {
    const codes: string[] = [];
    for (const language of ['en', 'bn'] as const) {
      for (const kind of DOCUMENT_KINDS) {
        const drawn = await drawing.run({ kind, language, issuedAt: Date.now() });
        codes.push(await issueSample(deployment, apiKey, drawn, language));
      }
    }
    return codes;
  } finally {
    await drawing.close();
  }
}

async function issueSample(
  { app }: Deployment,
  apiKey: string,
  { file, fileName, details }: DrawnSample,
  language: SampleJob['language'],
): Promise<string> {
  const form = new FormData();
  form.append('file', new Blob([file], { type: 'application/pdf' }), fileName);
  form.append('details', JSON.stringify({ ...details, language }));
  const body = new Response(form);
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/documents',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': body.headers.get('content-type') ?? '' },
    payload: Buffer.from(await body.arrayBuffer()),
  });
  const issued = answer.json<{ documentId?: string; detail?: string }>();
  if (issued.documentId === undefined)
    throw new Error(`A sample document was refused: ${issued.detail ?? answer.body}`);
  return issued.documentId;
}

/** The command line, told what it would not find by itself: another terminal does not have our environment. */
function commandFor(address: string, dataDir: string): string {
  return [
    'npx spondon',
    ...(new URL(address).port === String(DEFAULT_PORT) ? [] : [`--url ${address}`]),
    ...(resolve(dataDir) === resolve(DEFAULT_DATA_DIR) ? [] : [`--data ${dataDir}`]),
  ].join(' ');
}

function describeNextSteps(spondon: string, address: string, codes: readonly string[]): string[] {
  const [code = ''] = codes;
  const steps: readonly (readonly [command: string, what: string])[] = [
    [`${spondon} verify ${code}`, 'verify a printed code'],
    [`${spondon} file ${code} -o sample.pdf`, 'fetch the stamped file, as its hospital'],
    [`${spondon} verify sample.pdf`, 'verify the file itself'],
    [`${spondon} evidence ${code} -o e.json`, 'fetch evidence of it,'],
    [`${spondon} trust -o trust.json`, 'and the trust list, and check'],
    [`${spondon} verify sample.pdf --evidence e.json --trust trust.json`, 'with no network at all'],
    [`open ${address}/docs`, 'the API'],
  ];
  const width = Math.max(...steps.map(([command]) => command.length));
  return [
    '',
    `${codes.length} sample documents were issued and anchored. Try next, in another terminal:`,
    ...steps.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`),
    '',
  ];
}
