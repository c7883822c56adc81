import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sha256 } from '../crypto-node.js';
import { verifyConsistency } from './consistency.js';
import { verifyInclusion } from './inclusion.js';

// This file runs from protocol/dist/merkle: the repository's root is three folders up.
const folder = new URL('../../../../shared/vectors/', import.meta.url);
const missing = !existsSync(folder) && `no ${folder.pathname}`;

interface Case {
  name: string;
  root: string;
  root1: string;
  root2: string;
  leafHash: string;
  leafIdx: number;
  treeSize: number;
  size1: number;
  size2: number;
  proof: string[] | null;
  wantErr: boolean;
}

function casesOf(file: string): Case[] {
  return (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { cases: Case[] }).cases;
}

function bytes(base64: string | null | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(base64 ?? '', 'base64'));
}

function expect(wantErr: boolean, name: string, code: string, run: () => void): void {
  if (wantErr) assert.throws(run, { name: 'ProtocolError', code }, name);
  else assert.doesNotThrow(run, name);
}

test('inclusion proofs of transparency-dev/merkle verify, tampered ones do not', { skip: missing }, () => {
  const cases = casesOf('merkle-inclusion.json');
  assert.ok(cases.length > 50);
  for (const { name, wantErr, ...c } of cases) {
    // Indices beyond 2^53 lose digits in JSON.parse, and are refused for it.
    expect(wantErr, name, 'INCLUSION_PROOF', () => {
      verifyInclusion(
        bytes(c.leafHash),
        c.leafIdx,
        c.treeSize,
        (c.proof ?? []).map(bytes),
        bytes(c.root),
        sha256,
      );
    });
  }
});

test('consistency proofs of transparency-dev/merkle verify, tampered ones do not', { skip: missing }, () => {
  const cases = casesOf('merkle-consistency.json');
  assert.ok(cases.length > 50);
  for (const { name, wantErr, ...c } of cases) {
    expect(wantErr, name, 'CONSISTENCY_PROOF', () => {
      verifyConsistency(c.size1, c.size2, bytes(c.root1), bytes(c.root2), (c.proof ?? []).map(bytes), sha256);
    });
  }
});
