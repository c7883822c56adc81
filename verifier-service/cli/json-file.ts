import { readFile } from 'node:fs/promises';

/** The JSON in a file that somebody wrote by hand, with or without a byte order mark. Throws naming the file. */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    // The parser's message quotes the file, which may be about a patient.
    throw new Error(`${path} is not JSON`);
  }
}
