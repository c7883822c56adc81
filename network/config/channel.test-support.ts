import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { configurationIn } from './envelope.js';

/** The channel `records` as configtxgen makes it for the trial network: a first block that was kept. */
const BLOCK = new URL('../../testdata/records.block.gz', import.meta.url);

export const RECORDS = configurationIn(gunzipSync(readFileSync(BLOCK))).group;
