// @ts-check
/**
 * Checks what README.md and docs/ promise about this repository: that files they name exist, links lead somewhere, npm
 * scripts are there, and the README gives the test command that CI runs. Names everything that is wrong; ends with 1.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const TEST_COMMAND = 'npm ci && npm test';
/** A path of this repository in back ticks: a file of a kind that is written by hand, below a folder. */
const NAMED_FILE = /`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|js|mjs|json|md|sh|yml))`/g;
const LINK = /\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g;
const NPM_SCRIPT = /\bnpm (?:run ([\w:-]+)|(start|test)\b)/g;

/** @type {{ scripts: Record<string, string> }} */
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** @param {string} folder @returns {string[]} */
function pagesBelow(folder) {
  if (!existsSync(path.join(root, folder))) return [];
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return pagesBelow(name);
    return name.endsWith('.md') ? [name] : [];
  });
}

/**
 * The anchors that a page's headings make, as GitHub does.
 * @param {string} page
 */
function anchorsOf(page) {
  const headings = readFileSync(page, 'utf8').matchAll(/^#{1,6}\s+(.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}

/**
 * @param {string} page relative to the root
 * @param {string} target of a link on it
 * @returns {string | undefined} what is wrong
 */
function wrongLink(page, target) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return undefined;
  const [file = '', anchor] = target.split('#');
  const full = file === '' ? path.join(root, page) : path.resolve(root, path.dirname(page), file);
  if (!existsSync(full)) return `links to ${target}, which does not exist`;
  if (anchor === undefined || statSync(full).isDirectory() || !full.endsWith('.md')) return undefined;
  return anchorsOf(full).includes(anchor) ? undefined : `links to ${target}, which has no such heading`;
}

/**
 * @param {string} page
 * @returns {string[]} what is wrong with it
 */
function faultsOf(page) {
  const text = readFileSync(path.join(root, page), 'utf8');
  const links = [...text.matchAll(LINK)].map(([, target = '']) => wrongLink(page, target));
  const files = [...text.matchAll(NAMED_FILE)].map(([, file = '']) =>
    existsSync(path.join(root, file)) ? undefined : `names \`${file}\`, which does not exist`,
  );
  const scripts = [...text.matchAll(NPM_SCRIPT)].map(([, run, short]) => {
    const name = run ?? short ?? '';
    return name in manifest.scripts ? undefined : `says npm run ${name}, which package.json does not have`;
  });
  return [...links, ...files, ...scripts].filter((fault) => fault !== undefined);
}

const pages = ['README.md', 'CHANGELOG.md']
  .filter((page) => existsSync(path.join(root, page)))
  .concat(pagesBelow('docs'));
const faults = pages.flatMap((page) => faultsOf(page).map((fault) => `${page} ${fault}`));
if (!pages.includes('README.md')) faults.push('README.md is missing');
else if (!readFileSync(path.join(root, 'README.md'), 'utf8').includes(TEST_COMMAND)) {
  faults.push(`README.md does not give the command ${TEST_COMMAND}`);
}
for (const fault of faults) console.error(fault);
console.log(`${pages.length} pages checked, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
