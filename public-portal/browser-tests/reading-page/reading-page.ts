import { readFile } from '../../read/read-file.js';

/** A page with nothing but the reading, for tests to call it as the portal does. */
Object.assign(globalThis, { readFile });
