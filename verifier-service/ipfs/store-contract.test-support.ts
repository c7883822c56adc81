import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import type { DocumentStore } from './store.js';

/**
 * What every `DocumentStore` promises; an adapter's test runs each check on a new, empty store. CIDs are those of
 * Kubo's own tests of the profile (kubo `test/cli/cid_profiles_test.go`) and of IPIP-499.
 */
export interface StorePromise {
  readonly promise: string;
  readonly check: (store: DocumentStore) => Promise<void>;
}

export const MIB = 1024 * 1024;

/** Kubo's deterministic test content: the ChaCha20 key stream under SHA-256 of the seed. */
export async function* seededContent(size: number, seed: string): AsyncGenerator<Uint8Array> {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('chacha20', key, Buffer.alloc(16));
  const zeros = Buffer.alloc(MIB);
  for (let left = size; left > 0; left -= MIB)
    yield await Promise.resolve(cipher.update(zeros.subarray(0, Math.min(left, MIB))));
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += length) yield await Promise.resolve(bytes.subarray(i, i + length));
}

async function listed(store: DocumentStore): Promise<string[]> {
  const cids: string[] = [];
  for await (const cid of store.list()) cids.push(cid);
  return cids.sort();
}

async function expectHealthy(store: DocumentStore): Promise<void> {
  for await (const problem of store.verify()) assert.fail(problem.message);
}

const VECTORS = [
  { size: 0, seed: '', cid: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' },
  { size: MIB, seed: 'chunk-v1-seed', cid: 'bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta' },
  {
    size: MIB + 1,
    seed: 'chunk-v1-seed',
    cid: 'bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64',
  },
];
const ABSENT = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e';

export const STORE_CONTRACT: readonly StorePromise[] = [
  {
    promise: "CIDs are those that Kubo gives under 'unixfs-v1-2025'",
    async check(store) {
      assert.equal((await store.put(Buffer.from('hello world'))).cid, ABSENT);
      for (const { size, seed, cid } of VECTORS)
        assert.deepEqual(await store.put(seededContent(size, seed)), { cid, size });
    },
  },
  {
    promise: 'what was put comes back, whatever its size and the pieces it came in',
    async check(store) {
      for (const size of [0, 1, 70_000, MIB, MIB + 1, 3 * MIB - 1]) {
        const bytes = await bytesOf(seededContent(size, 'pieces'));
        const { cid } = await store.put(bytes);
        assert.deepEqual(await store.put(inPieces(bytes, 99_991)), { cid, size });
        assert.ok(bytes.equals(await bytesOf(store.get(cid))));
      }
      await expectHealthy(store);
    },
  },
  {
    promise: 'a document is listed once, however often it was put, until it is removed',
    async check(store) {
      const { cid } = await store.put(Uint8Array.of(1));
      const large = await store.put(seededContent(MIB + 1, 'large'));
      assert.deepEqual(await store.put(Uint8Array.of(1)), { cid, size: 1 });
      assert.deepEqual(await listed(store), [cid, large.cid].sort());
      await store.remove(cid);
      assert.equal(await store.has(cid), false);
      assert.deepEqual(await listed(store), [large.cid]);
      await assert.rejects(bytesOf(store.get(cid)), { code: 'BLOB_MISSING' });
      await store.remove(cid);
    },
  },
  {
    promise: 'removing a document keeps the blocks that others need, and the documents that were its parts',
    async check(store) {
      const first = await store.put(seededContent(MIB + 1, 'shared'));
      const second = await store.put(seededContent(MIB + 2, 'shared'));
      const firstMib = await store.put(seededContent(MIB, 'shared'));
      await store.remove(first.cid);
      assert.equal((await bytesOf(store.get(second.cid))).length, MIB + 2);
      await store.remove(second.cid);
      assert.equal((await bytesOf(store.get(firstMib.cid))).length, MIB);
      assert.deepEqual(await listed(store), [firstMib.cid]);
      await expectHealthy(store);
    },
  },
  {
    promise: 'documents put while others sharing their parts are removed stay whole',
    async check(store) {
      const { cid } = await store.put(seededContent(2 * MIB, 'raced'));
      const [kept] = await Promise.all([store.put(seededContent(2 * MIB + 1, 'raced')), store.remove(cid)]);
      assert.equal((await bytesOf(store.get(kept.cid))).length, 2 * MIB + 1);
      const [again] = await Promise.all([
        store.put(seededContent(2 * MIB + 2, 'raced')),
        store.remove(kept.cid),
      ]);
      assert.equal((await bytesOf(store.get(again.cid))).length, 2 * MIB + 2);
      await expectHealthy(store);
    },
  },
  {
    promise: 'many puts at once are all kept',
    async check(store) {
      const put = await Promise.all(Array.from({ length: 64 }, (_, i) => store.put(Uint8Array.of(i))));
      assert.deepEqual(await listed(store), put.map(({ cid }) => cid).sort());
    },
  },
  {
    promise: 'a document whose source breaks off is not stored, and the error is the source’s own',
    async check(store) {
      const broken = async function* () {
        yield* seededContent(3 * MIB, 'broken');
        throw new RangeError('the client went away');
      };
      await assert.rejects(store.put(broken()), new RangeError('the client went away'));
      assert.deepEqual(await listed(store), []);
      await expectHealthy(store);
    },
  },
  {
    promise: 'what was never put is missing, and so is what is no CID of ours',
    async check(store) {
      const foreign = [
        '',
        '../../master.key',
        'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn',
        ABSENT.toUpperCase(),
      ];
      for (const cid of [ABSENT, ...foreign]) {
        assert.equal(await store.has(cid), false);
        await assert.rejects(bytesOf(store.get(cid)), { name: 'ServiceError', code: 'BLOB_MISSING' });
        await store.remove(cid);
      }
    },
  },
];
