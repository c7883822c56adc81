import { open } from 'node:fs/promises';

/** Makes durable which names the folder has: a file that was created, renamed or deleted there stays so. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
