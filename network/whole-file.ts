import { rename, writeFile } from 'node:fs/promises';

/** Written beside and renamed: what stands under the name is whole, the old or the new one, also after a crash. */
export async function writeWhole(file: string, content: string): Promise<void> {
  const unfinished = `${file}.unfinished`;
  await writeFile(unfinished, content);
  await rename(unfinished, file);
}
