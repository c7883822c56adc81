import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { TestContext } from 'node:test';
import type { Outcome } from './embedded/faulty-storage.test-support.js';

export type FileCall = 'open' | 'write' | 'sync' | 'truncate' | 'rename' | 'rm' | 'mkdir';

/** What becomes of a call that changes files: null when it works. */
export type FileFate = (call: FileCall, path: string) => Outcome | null;

/**
 * Until the test ends, every call of this process that changes files through `node:fs/promises` meets its fate: as on a
 * disk that is full (ENOSPC), with nothing, half or all of it done.
 */
export function failFiles(t: TestContext, fate: FileFate): void {
  const { open, rename, rm, mkdir } = promises;
  const meet = async <T>(
    call: FileCall,
    path: string,
    work: () => Promise<T>,
    half: () => Promise<unknown> = work,
  ): Promise<T> => {
    const outcome = fate(call, path);
    if (outcome === null) return work();
    await { lost: nothing, half, applied: work }[outcome]();
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  const armed = (file: FileHandle, path: string): FileHandle => {
    const [writeFile, truncate] = [file.writeFile.bind(file), file.truncate.bind(file)];
    const [sync, datasync] = [file.sync.bind(file), file.datasync.bind(file)];
    const write = (content: string | Uint8Array): Promise<void> => {
      const bytes = Buffer.from(content);
      const half = bytes.subarray(0, bytes.length / 2);
      return meet(
        'write',
        path,
        () => writeFile(bytes),
        () => writeFile(half),
      );
    };
    return Object.assign(file, {
      writeFile: write,
      appendFile: write,
      sync: () => meet('sync', path, sync),
      datasync: () => meet('sync', path, datasync),
      truncate: (length: number) => meet('truncate', path, () => truncate(length)),
    });
  };
  const replace = (calls: Partial<typeof promises>): void => {
    Object.assign(promises, calls);
    syncBuiltinESMExports();
  };
  t.after(() => replace({ open, rename, rm, mkdir }));
  replace({
    open: async (path, flags, mode) => {
      const name = String(path);
      const made = (): Promise<void> => open(path, flags, mode).then((file) => file.close());
      if (flags !== 'r') await meet('open', name, made);
      return armed(await open(path, flags === 'wx' ? 'w' : flags, mode), name);
    },
    rename: (from, to) => meet('rename', String(to), () => rename(from, to)),
    rm: (path, options) => meet('rm', String(path), () => rm(path, options)),
    mkdir: ((path, options) => meet('mkdir', String(path), () => mkdir(path, options))) as typeof mkdir,
  });
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
