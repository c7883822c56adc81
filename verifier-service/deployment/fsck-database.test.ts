import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { enqueue, setAside } from '@spondon/anchor-worker/queue';
import { type Database, queueOf } from '../database/schema.js';
import { openSqlite, openSqliteToRead } from '../database/sqlite.js';
import { scratchFolders } from './deployment.test-support.js';
import { checkDatabase } from './fsck-database.js';

const newFolder = scratchFolders();

/** As SQLite stores a time in milliseconds: six bytes, big-endian. */
function stored(time: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(time, 0, 6);
  return bytes;
}

function placesOf(value: Buffer, file: Buffer): number[] {
  const places: number[] = [];
  for (let at = file.indexOf(value); at !== -1; at = file.indexOf(value, at + 1)) places.push(at);
  return places;
}

async function fill(db: Database, acceptedAt: number): Promise<void> {
  const row = { mspId: 'M', iss: 'bd.dghs.1', op: 'issue', acceptedAt } as const;
  const about = (name: string) => ({ ...row, jti: name, sha256: `hash of ${name}`, statement: name });
  await enqueue(queueOf(db), [about('one'), about('two'), about('three')]);
  await setAside(queueOf(db), [2], { code: 'IAT_AHEAD', message: 'signed too early', at: acceptedAt + 1 });
  // What a row leaves behind when it moves is no part of any row.
  await sql`vacuum`.execute(db);
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
}

void test('a flipped bit in what no statement vouches for of a waiting or refused row is found', async () => {
  const folder = await newFolder();
  const path = join(folder, 'service.db');
  const acceptedAt = 1_767_225_600_123;
  const db = await openSqlite(path);
  await fill(db, acceptedAt);
  await db.destroy();
  const whole = await openSqliteToRead(path);
  await assert.doesNotReject(checkDatabase(whole));
  await whole.db.destroy();
  const sound = await readFile(path);

  const values = {
    acceptedAt: stored(acceptedAt),
    refusedAt: stored(acceptedAt + 1),
    code: Buffer.from('IAT_AHEAD'),
    message: Buffer.from('signed too early'),
  };
  for (const [name, value] of Object.entries(values)) {
    const places = placesOf(value, sound);
    assert.ok(places.length >= 2, `${name} stands in its row and in an index`);
    for (const place of places) {
      for (let offset = 0; offset < value.length; offset += 1) {
        const damaged = Buffer.from(sound);
        const at = place + offset;
        damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (at % 8)), at);
        const copy = join(folder, `${name}-${at}.db`);
        await writeFile(copy, damaged);
        const opened = await openSqliteToRead(copy);
        await assert.rejects(checkDatabase(opened), /\.db: /, `${name}, byte ${at}`);
        await opened.db.destroy();
        await rm(copy);
      }
    }
  }
});
