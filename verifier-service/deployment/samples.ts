import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileDurably } from '@spondon/anchor-worker/durable-file';
import { documentKinds, sampleDocument } from '@spondon/fixtures/documents';
import { sampleFacilities, sampleHospital } from '@spondon/fixtures/facilities';
import { readBanglaFont } from '@spondon/fixtures/bangla-font';
import { issueApiKey } from '../facilities/api-keys.js';
import type { Deployment } from './embedded.js';
import { randomBytes, randomInt } from 'node:crypto';

const OWNER_ONLY = 0o600;

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
  await writeFileDurably(path, Buffer.from(`${JSON.stringify({ apiKey: text }, null, 2)}\n`), OWNER_ONLY);
}

/**
 * At a first start: admits the sample facilities, issues a sample document of each kind and language, and writes the
 * sample hospital's API key. Done again from the start when it was cut short: the key's file comes last.
 */
export async function plantSamples(deployment: Deployment, address: string): Promise<string[]> {
  const { app, db, folders, registrar } = deployment;
  const credentials = sampleCredentials(folders.credentials);
  if (existsSync(credentials)) return [];
  for (const { issuerId: iss, title, kind, licence, telephone } of sampleFacilities) {
    if (!deployment.issuer(iss)) await registrar.admit({ iss, name: title.en, kind, licence, telephone });
  }
  const { text: apiKey } = await issueApiKey(db, sampleHospital.issuerId, Date.now(), (length) => randomBytes(length));
  const banglaFont = await readBanglaFont();
  const codes: string[] = [];
  for (const language of ['en', 'bn'] as const) {
    for (const kind of documentKinds) {
      const random = () => randomInt(2 ** 32) / 2 ** 32;
      const sample = await sampleDocument({ kind, language, random, issuedAt: new Date(), banglaFont });
      const form = new FormData();
      form.append('file', new Blob([sample.file], { type: 'application/pdf' }), sample.fileName);
      form.append('details', JSON.stringify({ ...sample.details, language }));
      const body = new Response(form);
      const answer = await app.inject({
        method: 'POST',
        url: '/v1/documents',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': body.headers.get('content-type') ?? '' },
        payload: Buffer.from(await body.arrayBuffer()),
      });
      const issued = answer.json<{ documentId?: string; detail?: string }>();
      if (issued.documentId === undefined) throw new Error(`A sample document was refused: ${issued.detail ?? answer.body}`);
      codes.push(issued.documentId);
    }
  }
  for (const { issuerId: iss, later } of sampleFacilities) {
    if (later === 'is-suspended' && deployment.issuer(iss)?.state === 'admitted') await registrar.suspend(iss);
  }
  const content = { issuerId: sampleHospital.issuerId, apiKey };
  await writeFileDurably(credentials, Buffer.from(`${JSON.stringify(content, null, 2)}\n`), OWNER_ONLY);
  return describeNextSteps(address, codes);
}

function describeNextSteps(address: string, codes: readonly string[]): string[] {
  const [code = ''] = codes;
  const steps: readonly (readonly [command: string, what: string])[] = [
    [`npx spondon verify ${code}`, 'verify a printed code'],
    [`npx spondon file ${code} -o sample.pdf`, 'fetch the stamped file, as its hospital'],
    ['npx spondon verify sample.pdf', 'verify the file itself'],
    [`npx spondon evidence ${code} -o e.json`, 'fetch evidence of it,'],
    ['npx spondon trust -o trust.json', 'and the trust list, and check'],
    ['npx spondon verify sample.pdf --evidence e.json --trust trust.json', 'with no network at all'],
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
