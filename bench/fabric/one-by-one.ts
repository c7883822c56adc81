import type { Ledger } from '@spondon/ledger/port';
import { canonicalJson } from '@spondon/protocol/canonical';
import { generatePrivateKey, publicJwkOf } from '@spondon/protocol/crypto-node';

/** So many at once, each by itself. */
export const CLIENTS = 64;

/**
 * Transactions a second, each of which writes one key of its own, as a contract without batches would for a document.
 * A regulator's votes on different facilities are such: they read three keys, check them, and disturb no other.
 * `first`: the number of the first facility; none may have been voted on before.
 */
export async function anchorOneByOne(regulator: Ledger, first: number, count: number): Promise<number> {
  const jwk = publicJwkOf(generatePrivateKey('P-256'));
  let next = first;
  const client = async (): Promise<void> => {
    while (next < first + count) {
      next += 1;
      const facility = { name: 'Benchmark Hospital', kind: 'hospital', mspId: regulator.mspId };
      const contact = { licence: 'B-1', telephone: '+880 2 0000 9999' };
      const iss = `bd.dghs.${next}`;
      const vote = canonicalJson({ do: 'admit', iss, ...facility, ...contact, jwk, nonce: 'benchmark' });
      await regulator.submit('Decide', [vote]);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (count * 1000) / (performance.now() - begun);
}
