import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findFabric } from './fabric.js';

const PROGRAMS = ['peer', 'orderer', 'osnadmin', 'configtxgen', 'cryptogen'];

/** A release, unpacked: programs that only tell their version. */
async function unpack(t: TestContext, version = '3.1.5'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-fabric-'));
  t.after(() => rm(folder, { recursive: true }));
  const [bin, config, builder] = ['bin', 'config', 'builders/ccaas/bin'].map((part) => join(folder, part));
  assert.ok(bin && config && builder);
  for (const each of [bin, config, builder]) await mkdir(each, { recursive: true });
  const script = `#!/bin/sh\necho ' Version: v${version}'\n`;
  for (const name of PROGRAMS) await writeFile(join(bin, name), script, { mode: 0o755 });
  for (const name of ['core.yaml', 'orderer.yaml']) await writeFile(join(config, name), '');
  await writeFile(join(builder, 'detect'), script, { mode: 0o755 });
  return folder;
}

test('a release on PATH brings its configuration and its builder', async (t) => {
  const folder = await unpack(t);
  const fabric = await findFabric('3.1.5', { PATH: `/nowhere:${join(folder, 'bin')}` });
  assert.equal(fabric.programs.osnadmin, join(folder, 'bin', 'osnadmin'));
  assert.equal(fabric.config, join(folder, 'config'));
  assert.equal(fabric.builder, join(folder, 'builders', 'ccaas'));
});

test('FABRIC_BIN comes before PATH, and the other places can be named too', async (t) => {
  const [first, second] = [await unpack(t), await unpack(t)];
  const fabric = await findFabric('3.1.5', {
    PATH: join(first, 'bin'),
    FABRIC_BIN: join(second, 'bin'),
    FABRIC_CFG_PATH: join(first, 'config'),
    FABRIC_CCAAS_BUILDER: join(first, 'builders', 'ccaas'),
  });
  assert.equal(fabric.programs.peer, join(second, 'bin', 'peer'));
  assert.equal(fabric.config, join(first, 'config'));
  assert.equal(fabric.builder, join(first, 'builders', 'ccaas'));
});

test('everything that is missing is named, and where to get it', async (t) => {
  const folder = await unpack(t);
  await rm(join(folder, 'bin', 'cryptogen'));
  await rm(join(folder, 'config', 'orderer.yaml'));
  await rm(join(folder, 'builders'), { recursive: true });
  await assert.rejects(
    findFabric('3.1.5', { PATH: join(folder, 'bin') }),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'PROGRAM_MISSING');
      for (const part of [
        'cryptogen',
        'orderer.yaml (FABRIC_CFG_PATH)',
        'detect (FABRIC_CCAAS_BUILDER)',
        'FABRIC_BIN',
      ]) {
        assert.ok(error.message.includes(part), part);
      }
      assert.match(error.message, /hyperledger-fabric-<system>-3\.1\.5\.tar\.gz/);
      return true;
    },
  );
});

test('a release of another generation will not do', async (t) => {
  const folder = await unpack(t, '2.5.9');
  await assert.rejects(findFabric('3.1.5', { PATH: join(folder, 'bin') }), { code: 'PROGRAM_MISSING' });
});
