import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Without an engine: that what the Dockerfile names is there. */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const lines = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ').split('\n');
const stages = lines.flatMap((line) => /^FROM (\S+) AS (\S+)$/.exec(line)?.slice(1, 3) ?? []);
const names = stages.filter((_, at) => at % 2 === 1);

test('every stage builds on an image with a version, or on an earlier stage', () => {
  stages.forEach((base, at) => {
    if (at % 2 === 1) return;
    assert.ok(/^node:\d+-\w+-slim$/.test(base) || names.slice(0, at / 2).includes(base), base);
  });
});

test('what is copied is in the repository, or comes from an earlier stage', () => {
  for (const line of lines.filter((each) => each.startsWith('COPY '))) {
    const [, from, paths = ''] = /^COPY (?:--from=(\S+) )?(.*)$/.exec(line) ?? [];
    const sources = paths.split(' ').slice(0, -1);
    if (from !== undefined) assert.ok(names.includes(from), line);
    for (const source of sources) {
      const path = from === undefined ? source : /^\/app\/?(.*)$/.exec(source)?.[1];
      // Of Fabric's archive, and of `npm ci`.
      if (path === undefined || path === 'node_modules') continue;
      assert.ok(existsSync(join(ROOT, path)), line);
    }
  }
});

test('every workspace has its manifest copied before its packages are installed', () => {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    workspaces: readonly string[];
  };
  for (const each of workspaces) assert.ok(lines.includes(`COPY ${each}/package.json ${each}/`), each);
});

test('what images run exists', () => {
  for (const line of lines.filter((each) => /^(HEALTHCHECK .*)?CMD /.test(each))) {
    const [, command = ''] = /CMD (\[.*\])$/.exec(line) ?? [];
    const [node, script = ''] = JSON.parse(command) as readonly string[];
    assert.equal(node, 'node');
    const source = script.replace('/dist/', '/').replace(/\.js$/, '.ts');
    assert.ok(existsSync(join(ROOT, source)), line);
  }
});

test('no image of ours runs as root, and the service is what is built when nothing is said', () => {
  const named = lines.flatMap((line, at) =>
    /^FROM .* AS (chaincode|network|service)$/.test(line) ? [at] : [],
  );
  assert.equal(named.length, 3);
  for (const at of named) {
    const next = lines.findIndex((line, later) => later > at && line.startsWith('FROM '));
    assert.ok(lines.slice(at, next === -1 ? undefined : next).includes('USER node'));
  }
  assert.equal(names.at(-1), 'service');
});
