import { documentKinds, sampleDocument } from '@spondon/fixtures/documents';
import { readBanglaFont } from '@spondon/fixtures/bangla-font';
import { seededRandom } from '@spondon/fixtures/random';
import type { Call } from './client.js';

export type Language = 'en' | 'bn';

/** One document of each kind, ready to be sent again and again: every issue makes another document of it. */
export async function sampleUploads(language: Language, bytes: number, apiKey: string): Promise<Call[]> {
  const banglaFont = await readBanglaFont();
  const calls: Call[] = [];
  for (const [seed, kind] of documentKinds.entries()) {
    const order = { kind, language, random: seededRandom(seed), issuedAt: new Date(), banglaFont, bytes };
    const { file, fileName, details } = await sampleDocument(order);
    const form = new FormData();
    form.append('file', new Blob([Buffer.from(file)], { type: 'application/pdf' }), fileName);
    form.append('details', JSON.stringify({ ...details, language }));
    const encoded = new Response(form);
    const headers = {
      authorization: `Bearer ${apiKey}`,
      'content-type': encoded.headers.get('content-type') ?? '',
    };
    const body = Buffer.from(await encoded.arrayBuffer());
    calls.push({ method: 'POST', path: '/v1/documents', headers, body });
  }
  return calls;
}
