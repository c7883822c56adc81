import type { Entry } from '@zip.js/zip.js';

/** A file to be checked, wherever it lies. */
export interface Item {
  /** With the folders above it. */
  readonly name: string;
  /** Taken out of its ZIP only when its turn comes: two thousand files do not fit in memory. */
  readonly open: () => Promise<File>;
}

export interface Collected {
  readonly items: readonly Item[];
  /** Tables of applicants or codes. */
  readonly sheets: readonly File[];
  /** Archives that were not opened: damaged, under a password, or within another. */
  readonly closed: readonly string[];
}

/** What systems leave in folders and archives, and nobody means to check. */
const LITTER = /(?:^|\/)(?:__MACOSX\/|\.[^/]*$|Thumbs\.db$|desktop\.ini$)/i;
const SHEET = /\.(?:csv|xlsx)$/i;
const ARCHIVE = /\.zip$/i;

/** Sorts what was brought: archives are opened (archives within them are not), tables set apart. */
export async function collect(files: readonly File[]): Promise<Collected> {
  const items: Item[] = [];
  const sheets: File[] = [];
  const closed: string[] = [];
  for (const file of files) {
    const name = file.webkitRelativePath || file.name;
    if (LITTER.test(name)) continue;
    if (SHEET.test(name)) sheets.push(file);
    else if (!ARCHIVE.test(name)) items.push({ name, open: () => Promise.resolve(file) });
    else {
      const inside = await openArchive(file);
      if (inside === null) closed.push(name);
      else {
        closed.push(...inside.filter((one) => ARCHIVE.test(one.name)).map((one) => one.name));
        items.push(...inside.filter((one) => !SHEET.test(one.name) && !ARCHIVE.test(one.name)));
        for (const one of inside) if (SHEET.test(one.name)) sheets.push(await one.open());
      }
    }
  }
  return { items, sheets, closed };
}

async function openArchive(file: File): Promise<Item[] | null> {
  const { BlobReader, BlobWriter, configure, ZipReader } = await import('@zip.js/zip.js');
  // Its workers would be made of blobs, which the page's policy forbids; the browser inflates by itself.
  configure({ useWebWorkers: false });
  const entries: Entry[] | null = await new ZipReader(new BlobReader(file), {
    // Nothing is unpacked to a disk: a name that leads out of its folder is but a name.
    filenameValidation: 'tolerant',
  })
    .getEntries()
    .catch(() => null);
  if (!entries || entries.some(({ encrypted }) => encrypted)) return null;
  return entries.flatMap((entry) => {
    if (entry.directory || LITTER.test(entry.filename)) return [];
    const name = entry.filename;
    return [{ name, open: async () => new File([await entry.getData(new BlobWriter())], name) }];
  });
}

/** Everything that was dropped, folders with what is in them. */
export async function droppedFiles({ items }: DataTransfer): Promise<File[]> {
  // All entries have to be taken before the first wait: the browser empties the list with the event.
  const entries = Array.from(items).flatMap((item) => item.webkitGetAsEntry() ?? []);
  return (await Promise.all(entries.map(filesIn))).flat();
}

async function filesIn(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [inFolder(file, entry.fullPath)];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    // A folder is told in portions of a hundred, and its end by an empty one.
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (portion.length === 0) return found;
    found.push(...(await Promise.all(portion.map(filesIn))).flat());
  }
}

function inFolder(file: File, fullPath: string): File {
  const path = fullPath.replace(/^\//, '');
  return path === file.name
    ? file
    : new File([file], path, { type: file.type, lastModified: file.lastModified });
}
