import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitWasmMemory } from './wasm-memory.js';

declare const WebAssembly: {
  readonly Memory: new (descriptor: { initial: number }) => {
    grow(pages: number): number;
    readonly buffer: ArrayBuffer;
  };
};

test('a memory grows up to the limit and not beyond it', () => {
  limitWasmMemory(4 * 65_536);
  const memory = new WebAssembly.Memory({ initial: 1 });
  assert.equal(memory.grow(2), 1);
  assert.throws(() => memory.grow(2), RangeError);
  assert.equal(memory.grow(1), 3);
  assert.equal(memory.buffer.byteLength, 4 * 65_536);
});
