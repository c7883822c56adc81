import { readFile } from 'node:fs/promises';
import { concatBytes } from '@spondon/protocol/bytes';
import { type Hash, POINT_BYTES, SIGNATURE_BYTES, type Verify } from '@spondon/protocol/crypto';
import { OWNER_ONLY_FILE, placeFile, unlessMissing } from '@spondon/ledger/durable-file';

/** Kept of a digest, in 32-bit words: to have a bad signature taken for a known one, somebody would have to hit these. */
const WORDS = 4;
const SLOT_BYTES = WORDS * 4;
/** A digest stands in one of so many neighbouring slots. */
const BUCKET_WORDS = 8 * WORDS;
const FIRST_SLOTS = 4096;
/** 32 MiB. */
const MAX_SLOTS = 2 ** 21;

/**
 * Signatures that were found good, each by the beginning of a digest. Bounded: beyond some two million, new ones take
 * the place of others, which are then verified again. The file is a cache and nothing else: when it is lost, or any
 * byte of it is damaged, signatures are verified that need not be.
 */
export class KnownSignatures {
  /** Digests that had to give way since it last grew. */
  #displaced = 0;
  #changed = false;
  #saving: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    /** Digests in slots of four words. A free slot begins with a zero. */
    private words: Uint32Array,
  ) {}

  /** What `save` left at `path`; empty when there is no such file, or one of a size that it would not write. */
  static async open(path: string): Promise<KnownSignatures> {
    const bytes = (await unlessMissing(readFile(path))) ?? new Uint8Array();
    const slots = bytes.length / SLOT_BYTES;
    const isWhole = slots >= FIRST_SLOTS && slots <= MAX_SLOTS && Number.isInteger(Math.log2(slots));
    const words = new Uint32Array((isWhole ? slots : FIRST_SLOTS) * WORDS);
    if (isWhole) new Uint8Array(words.buffer).set(bytes);
    return new KnownSignatures(path, words);
  }

  /** `digest`: a SHA-256. */
  has(digest: Uint8Array): boolean {
    return this.#slotOf(wordsOf(digest)) !== null;
  }

  add(digest: Uint8Array): void {
    const added = wordsOf(digest);
    // One digest in four thousand million would look like a free slot: it is not kept.
    if (added[0] === 0 || this.#slotOf(added) !== null) return;
    this.#put(added);
    this.#changed = true;
    // About when it is half full.
    const isCrowded = this.#displaced > this.words.length / WORDS / 256;
    if (isCrowded && this.words.length < MAX_SLOTS * WORDS) this.#grow();
  }

  /** Writes down what is new, if anything. What could not be written is, the next time. */
  save(): Promise<void> {
    const saved = this.#saving.then(() => this.#write());
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  async #write(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    try {
      // What is added meanwhile may be in it, or half in it, which is as good as not.
      await placeFile(this.path, new Uint8Array(this.words.buffer), OWNER_ONLY_FILE);
    } catch (error) {
      this.#changed = true;
      throw error;
    }
  }

  #put(digest: Uint32Array): void {
    const bucket = this.#bucketOf(digest);
    for (let slot = bucket; slot < bucket + BUCKET_WORDS; slot += WORDS) {
      if (this.words[slot] !== 0) continue;
      this.words.set(digest, slot);
      return;
    }
    this.words.set(digest, bucket + ((this.#displaced * WORDS) % BUCKET_WORDS));
    this.#displaced += 1;
  }

  #slotOf(digest: Uint32Array): number | null {
    const { words } = this;
    const bucket = this.#bucketOf(digest);
    for (let slot = bucket; slot < bucket + BUCKET_WORDS; slot += WORDS) {
      let same = 0;
      while (same < WORDS && words[slot + same] === digest[same]) same += 1;
      if (same === WORDS) return slot;
    }
    return null;
  }

  #bucketOf([first = 0]: Uint32Array): number {
    return (first % (this.words.length / BUCKET_WORDS)) * BUCKET_WORDS;
  }

  #grow(): void {
    const before = this.words;
    this.words = new Uint32Array(before.length * 2);
    this.#displaced = 0;
    for (let slot = 0; slot < before.length; slot += WORDS) {
      if (before[slot] !== 0) this.#put(before.subarray(slot, slot + WORDS));
    }
  }
}

/**
 * `verify`, but a signature that is known to be good is not verified again: whether it is depends on key, signature and
 * data alone.
 */
export function verifyOnce(verify: Verify, known: Pick<KnownSignatures, 'has' | 'add'>, hash: Hash): Verify {
  return async (publicKey, signature, data) => {
    // Of fixed lengths, so that one digest is about one key, one signature and one text.
    if (publicKey.length !== POINT_BYTES || signature.length !== SIGNATURE_BYTES) return false;
    const digest = hash(concatBytes(publicKey, signature, data));
    if (known.has(digest)) return true;
    const good = await verify(publicKey, signature, data);
    if (good) known.add(digest);
    return good;
  };
}

function wordsOf(digest: Uint8Array): Uint32Array {
  return new Uint32Array(digest.slice(0, SLOT_BYTES).buffer);
}
