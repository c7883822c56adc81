import { cachedSubsets } from '../text/embed.js';
import { openFaces } from '../text/faces.js';
import { cachedShaper } from '../text/shape.js';
import { serveJobs } from '../threads/serve.js';
import { typesetReport } from './typeset.js';
import type { TypesetJob } from './typesetter.js';

/** The thread behind `createTypesetter`. */
const faces = openFaces();
const tools = { faces, shape: cachedShaper(faces), subsets: cachedSubsets(faces, 4) };

serveJobs(({ contents, attachments, signature }: TypesetJob) => {
  const result = typesetReport(contents, attachments, signature, tools);
  return Promise.resolve({ result, transfer: [result.buffer as ArrayBuffer] });
});
