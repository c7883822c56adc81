import { toHex } from '@spondon/protocol/bytes';
import { sha256 } from '@noble/hashes/sha2.js';
import { FileFault, type Reading } from './reading.js';

export interface Job {
  readonly file: File;
}
export type Message =
  { readonly share: number } | { readonly fault: FileFault['code'] } | { readonly reading: Reading };

const say = (message: Message): void => postMessage(message);

onmessage = ({ data }: MessageEvent<Job>) => {
  read(data.file).then(
    (reading) => say({ reading }),
    // Anything else is the disk's: a file that was moved or locked since it was chosen.
    (error: unknown) => say({ fault: error instanceof FileFault ? error.code : 'unreadable' }),
  );
};

async function read(file: File): Promise<Reading> {
  if (file.size === 0) throw new FileFault('empty');
  return { sha256: toHex(await hash(file)), claims: [], labels: [], complete: false, evidence: null };
}

/** In pieces, as files of any size come. */
async function hash(file: File): Promise<Uint8Array> {
  const hasher = sha256.create();
  let read = 0;
  const reader = file.stream().getReader();
  for (let { value } = await reader.read(); value; { value } = await reader.read()) {
    hasher.update(value);
    read += value.length;
    say({ share: read / file.size });
  }
  return hasher.digest();
}
