import { buffer } from 'node:stream/consumers';
import { openEmbeddedStore } from '@spondon/verifier-service/ipfs/embedded';
import { importDocument } from '@spondon/verifier-service/ipfs/unixfs';

/** How every age file begins. */
const AGE = 'age-encryption.org/v1\n';

/** Where an encrypted document is, having read it from there without the service. Throws when it is not what it should be. */
export async function describeKept(
  cid: string,
  kubo: { readonly url: string } | null,
  folder: string,
): Promise<string> {
  const bytes = kubo
    ? await catFrom(kubo.url, cid)
    : await buffer((await openEmbeddedStore(folder, 'look')).get(cid));
  const found = await importDocument(bytes, nowhere, nowhere);
  if (found.cid !== cid) throw new Error(`${cid} was asked for, and what came back is ${found.cid}`);
  if (!bytes.toString('latin1').startsWith(AGE)) throw new Error(`${cid} is no age file`);
  const where = kubo ? `on Kubo, read back by its RPC ${kubo.url}` : `in ${folder}, read back from there`;
  return `${cid} ${where}: an age file of ${bytes.length} bytes`;
}

/** As any client of Kubo's RPC does. */
async function catFrom(url: string, cid: string): Promise<Buffer> {
  const answer = await fetch(`${url}/api/v0/cat?arg=${cid}&offline=true`, { method: 'POST' });
  if (!answer.ok) throw new Error(`Kubo answers ${answer.status} for ${cid}: ${await answer.text()}`);
  return Buffer.from(await answer.arrayBuffer());
}

const nowhere = (): Promise<void> => Promise.resolve();
